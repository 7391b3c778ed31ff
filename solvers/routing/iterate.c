#include "alf/iterate.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "data/parameter.h"
#include "routing/counting.h"
#include "routing/project.h"
#include "routing/router.h"
#include "routing/shift.h"

struct alf_iterate {
  alf_iterate_settings settings;
  bool exact;
  alf_dtype dtype;
  int64_t tokens;
  int32_t experts;
  int32_t grid_bits;
  double limit;                     /* of |p| in grid units */
  alf_shift_buffer shift[2], delta; /* shift[n % 2] belongs to iterate n; so does route[n % 2] */
  alf_route route[2];
  int64_t *without_padding[2]; /* E: loads of the published tokens, where some are not */
  alf_router *router;
  alf_format format;
  alf_counter *counter;       /* NULL: the rule sees the true loads */
  const alf_affinity *routed; /* the current batch with its padding, */
  alf_affinity view[2];       /* and what is published of it and of the one before it, by turns, */
  int turn;                   /* the current one here */
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  size_t state_size;
  void *state, *scratch; /* of the rule */
  void *whole;           /* what alf_iterate_state returns: E numbers, the rule's state, the counter's */
  alf_step step;
};

static alf_status check_settings(const alf_affinity *batch, const alf_iterate_settings *s, alf_error *err)
{
  if (!(s->u > 0) || !isfinite(s->u))
    return alf_fail(err, ALF_EINVAL, "step size u = %g: expected a positive number", s->u);
  for (int32_t k = 0; s->shift && k < batch->experts; k++)
    if (!isfinite(s->shift[k]))
      return alf_fail(err, ALF_EINVAL, "initial shift of expert %d is %g: expected a finite number", k, s->shift[k]);
  if (s->width < 0 || !isfinite(s->width) || (s->width > 0 && batch->dtype == ALF_DYADIC))
    return alf_fail(err, ALF_EINVAL, "width %g: expected 0, or a positive number in float mode", s->width);
  alf_status status = alf_check_topk(batch, s->topk, err);
  return status == ALF_OK ? alf_format_check(s->format, batch->tokens, batch->experts, s->topk, err) : status;
}

static bool alloc_rule(alf_iterate *it)
{
  const alf_rule *rule = it->settings.rule;
  alf_rule_shape shape = {it->tokens, it->experts, it->settings.topk};
  size_t scratch_size = rule->scratch_size ? rule->scratch_size(&shape) : 0;
  it->state_size = rule->state_size ? rule->state_size(&shape) : 0;
  it->state = calloc(1, it->state_size + 1);
  it->scratch = malloc(scratch_size + 1);
  it->whole = malloc((size_t)it->experts * sizeof(double) + it->state_size + alf_counter_state_size(it->counter));
  return it->state && it->scratch && it->whole;
}

static size_t selection_words(const alf_iterate *it)
{
  return (size_t)it->tokens * (size_t)alf_selection_words(it->experts);
}

static bool alloc_buffers(alf_iterate *it)
{
  bool complete = alf_shift_alloc(&it->delta, it->experts, it->exact);
  for (int parity = 0; parity < 2; parity++) {
    alf_route *own = &it->route[parity];
    complete = alf_shift_alloc(&it->shift[parity], it->experts, it->exact) && complete;
    own->chosen = malloc(selection_words(it) * sizeof *own->chosen);
    own->load = calloc((size_t)it->experts, sizeof *own->load);
    it->without_padding[parity] = calloc((size_t)it->experts, sizeof(int64_t));
    complete = complete && own->chosen && own->load && it->without_padding[parity];
  }
  return alloc_rule(it) && complete;
}

/* A sign rule whose u is 0 would never move. */
static alf_status check_step_size(const alf_iterate *it, alf_error *err)
{
  double u = alf_format_step_size(&it->format, it->settings.u);
  if (it->settings.rule->form != ALF_FORM_SIGN)
    return ALF_OK;
  if (u == 0)
    return alf_fail(err, ALF_ERANGE, "step size %g: rounds to 0 in %s", it->settings.u,
                    alf_precision_names[it->format.step]);
  if (it->exact && nearbyint(ldexp(u, it->grid_bits)) == 0)
    return alf_fail(err, ALF_ERANGE, "step size %g: rounds to 0 on the grid of 2^%d", it->settings.u, -it->grid_bits);
  return ALF_OK;
}

static alf_status set_initial_shift(alf_iterate *it, alf_error *err)
{
  const alf_iterate_settings *s = &it->settings;
  alf_status status = check_step_size(it, err);
  if (status != ALF_OK)
    return status;
  if (s->shift)
    memcpy(it->shift[0].real, s->shift, (size_t)it->experts * sizeof *s->shift);
  if (it->exact && !alf_shift_to_grid(&it->shift[0], it->experts, it->grid_bits, it->limit))
    return alf_fail(err, ALF_ERANGE, "initial shift leaves the grid of 2^%d", -it->grid_bits);
  if (!alf_shift_store(&it->shift[0], it->experts, it->format.shift, it->dtype, it->grid_bits))
    return alf_fail(err, ALF_ERANGE, "initial shift is not finite in %s",
                    it->format.shift ? alf_precision_names[it->format.shift] : "the batch's type");
  it->settings.shift = NULL;
  return ALF_OK;
}

static alf_status take_parameters(alf_iterate *it, alf_error *err)
{
  alf_iterate_settings *s = &it->settings;
  alf_status status = alf_parameter_take(s->rule->name, s->rule->parameters, s->rule_values, it->rule_value, err);
  if (status == ALF_OK)
    status =
        alf_parameter_take(s->schedule->name, s->schedule->parameters, s->schedule_values, it->schedule_value, err);
  s->rule_values = it->rule_value;
  s->schedule_values = it->schedule_value;
  return status;
}

alf_status alf_iterate_alloc(alf_iterate **out, const alf_affinity *batch, const alf_iterate_settings *settings,
                             alf_error *err)
{
  *out = NULL;
  alf_status status = check_settings(batch, settings, err);
  if (status != ALF_OK)
    return status;
  alf_iterate *it = calloc(1, sizeof *it);
  if (!it)
    return alf_fail_memory(err, sizeof *it);
  it->settings = *settings;
  it->dtype = batch->dtype;
  it->exact = batch->dtype == ALF_DYADIC;
  it->tokens = batch->tokens;
  it->experts = batch->experts;
  it->grid_bits = batch->grid_bits;
  it->limit = alf_shift_limit(settings->rule->combine, batch->grid_bits);
  if (settings->format)
    it->format = *settings->format;
  it->settings.format = &it->format;
  status = take_parameters(it, err);
  if (status == ALF_OK)
    status = alf_counter_alloc(&it->counter, &it->format, it->tokens, it->experts, err);
  if (status == ALF_OK && !alloc_buffers(it))
    status = alf_fail_memory(err, 2 * selection_words(it) * sizeof(uint64_t));
  alf_router_settings routing = {.topk = settings->topk,
                                 .combine = settings->rule->combine,
                                 .groups = it->format.groups,
                                 .kept = it->format.kept,
                                 .mask_zero = it->format.mask_zero,
                                 .threads = settings->threads,
                                 .kernel = settings->kernel,
                                 .eager = settings->eager};
  if (status == ALF_OK)
    status = alf_router_alloc(&it->router, batch, &routing, err);
  if (status == ALF_OK)
    status = set_initial_shift(it, err);
  it->step.shift_after = alf_shift_view(&it->shift[0]);
  if (status == ALF_OK)
    *out = it;
  else
    alf_iterate_free(it);
  return status;
}

static alf_status check_batch(const alf_iterate *it, const alf_affinity *batch, alf_error *err)
{
  if (batch->tokens == it->tokens && batch->experts == it->experts && batch->grid_bits == it->grid_bits &&
      batch->dtype == it->dtype)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "batch of %lld tokens, %d experts, grid 2^%d: the iteration has %lld, %d, 2^%d%s",
                  (long long)batch->tokens, batch->experts, -batch->grid_bits, (long long)it->tokens, it->experts,
                  -it->grid_bits, batch->dtype == it->dtype ? "" : ", in another type");
}

/* The batch without its padding: at one address for as long as it is the same batch. */
static const alf_affinity *published(alf_iterate *it, const alf_affinity *batch)
{
  it->turn = batch == it->routed ? it->turn : 1 - it->turn;
  it->routed = batch;
  if (!it->format.padding)
    return batch;
  it->view[it->turn] = alf_format_view(&it->format, batch);
  return &it->view[it->turn];
}

/* Routes a batch as iterate n and publishes what came of it. */
static void route_batch(alf_iterate *it, const alf_affinity *batch, int64_t n)
{
  const alf_shift_buffer *shift = &it->shift[n % 2];
  alf_route *own = &it->route[n % 2];
  it->step.routed = alf_router_route(it->router, batch, shift->grid, shift->real, n, it->route);
  if (it->counter)
    alf_counter_take(it->counter, own->chosen, own->load);
  it->step.batch_after = published(it, batch);
  it->step.shift_after = alf_shift_view(shift);
  it->step.chosen_after = own->chosen;
  it->step.load_after = own->load;
  if (!it->format.padding)
    return;
  int64_t *load = it->without_padding[n % 2];
  memset(load, 0, (size_t)it->experts * sizeof *load);
  alf_count_loads(own->chosen, it->step.batch_after->tokens, it->experts, load);
  it->step.load_after = load;
}

alf_status alf_iterate_start(alf_iterate *it, const alf_affinity *batch, alf_error *err)
{
  alf_status status = check_batch(it, batch, err);
  if (status != ALF_OK)
    return status;
  it->step = (alf_step){.topk = it->settings.topk,
                        .not_topk = it->settings.rule->combine != ALF_ADD || it->format.kept < it->format.groups};
  if (it->counter)
    alf_counter_start(it->counter);
  route_batch(it, batch, 0);
  return ALF_OK;
}

alf_status alf_iterate_resume(alf_iterate *it, const alf_affinity *batch, int64_t n, const void *state, size_t size,
                              alf_error *err)
{
  size_t numbers = (size_t)it->experts * sizeof(double);
  if (it->exact || it->counter || it->format.shift || size != numbers + it->state_size)
    return alf_fail(err, ALF_EINVAL, "iteration: a state of %zu bytes cannot be resumed, expected %zu of a float run",
                    size, numbers + it->state_size);
  alf_status status = check_batch(it, batch, err);
  if (status != ALF_OK)
    return status;
  memcpy(it->shift[n % 2].real, state, numbers);
  memcpy(it->state, (const char *)state + numbers, it->state_size);
  it->step = (alf_step){.n = n, .topk = it->settings.topk, .not_topk = it->settings.rule->combine != ALF_ADD};
  route_batch(it, batch, n);
  return ALF_OK;
}

static alf_status fail_range(const alf_iterate *it, const char *what, bool finite, alf_error *err)
{
  char end[48] = "is not finite";
  if (finite)
    snprintf(end, sizeof end, "leaves the grid of 2^%d", -it->grid_bits);
  return alf_fail(err, ALF_ERANGE, "update %lld: %s %s", (long long)it->step.n + 1, what, end);
}

/* δ in the format of steps, and on the grid. */
static alf_status round_step(alf_iterate *it, alf_error *err)
{
  if (!alf_shift_round(&it->delta, it->experts, it->format.step))
    return fail_range(it, "a step", false, err);
  if (it->exact && !alf_shift_to_grid(&it->delta, it->experts, it->grid_bits, it->limit))
    return fail_range(it, "a step", true, err);
  return ALF_OK;
}

/* after = before + delta, exactly in grid units or in floating point; then it is stored. */
static alf_status move_shift(alf_iterate *it, const alf_shift_buffer *before, alf_shift_buffer *after, alf_error *err)
{
  for (int32_t k = 0; k < it->experts; k++)
    if (it->exact)
      after->grid[k] = before->grid[k] + it->delta.grid[k];
    else
      after->real[k] = before->real[k] + it->delta.real[k];
  if (it->settings.width > 0)
    alf_project_shift(after->real, it->experts, it->settings.width);
  if (!alf_shift_store(after, it->experts, it->format.shift, it->dtype, it->grid_bits))
    return fail_range(it, "the shift", false, err);
  for (int32_t k = 0; it->exact && k < it->experts; k++)
    if (!(fabs((double)after->grid[k]) < it->limit))
      return fail_range(it, "the shift", true, err);
  return ALF_OK;
}

/* The fields that describe the update from iterate n − 1, before its effect is known. */
static void publish_before(alf_iterate *it, int64_t n, double step_size)
{
  alf_step *step = &it->step;
  step->n = n;
  step->step_size = step_size;
  step->batch_before = step->batch_after;
  step->shift_before = step->shift_after;
  step->chosen_before = step->chosen_after;
  step->load_before = step->load_after;
  step->delta = alf_shift_view(&it->delta);
}

static int64_t sum_of(const int64_t *load, int32_t experts)
{
  int64_t sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum += load[k];
  return sum;
}

/* Writes the rule's step for update n into delta. */
static alf_status ask_rule(alf_iterate *it, int64_t n, double step_size, alf_error *err)
{
  const alf_iterate_settings *s = &it->settings;
  const int64_t *load = it->counter ? alf_counter_seen(it->counter) : it->step.load_after;
  memset(it->delta.real, 0, (size_t)it->experts * sizeof *it->delta.real);
  if (step_size == 0 || !load)
    return ALF_OK;
  alf_rule_input input = {.n = n,
                          .tokens = it->tokens,
                          .experts = it->experts,
                          .topk = s->topk,
                          .slots = it->counter ? sum_of(load, it->experts) : s->topk * it->tokens,
                          .load = load,
                          .shift = it->step.shift_after.real,
                          .grid = it->step.shift_after.grid,
                          .batch = it->routed,
                          .step_size = step_size,
                          .value = s->rule_values,
                          .scratch = it->scratch};
  alf_error why = {0}; /* a user's rule may fail without a word */
  alf_status status = s->rule->update(&input, it->state, it->delta.real, &why);
  if (status == ALF_OK)
    return ALF_OK;
  why.text[sizeof why.text - 1] = '\0';
  return why.text[0] ? alf_fail(err, status, "%s", why.text)
                     : alf_fail(err, status, "update %lld: rule %s: %s", (long long)n, s->rule->name,
                                alf_status_message(status));
}

alf_status alf_iterate_step(alf_iterate *it, const alf_affinity *next, const alf_step **step, alf_error *err)
{
  alf_status status = check_batch(it, next, err);
  if (status != ALF_OK)
    return status;
  int64_t n = it->step.n + 1;
  alf_shift_buffer *before = &it->shift[(n - 1) % 2], *after = &it->shift[n % 2];
  double step_size = it->settings.u * it->settings.schedule->factor(n, it->schedule_value);
  status = ask_rule(it, n, step_size, err);
  if (status == ALF_OK)
    status = round_step(it, err);
  if (status == ALF_OK)
    status = move_shift(it, before, after, err);
  if (status != ALF_OK)
    return status;
  publish_before(it, n, alf_format_step_size(&it->format, step_size));
  route_batch(it, next, n);
  *step = &it->step;
  return ALF_OK;
}

const alf_step *alf_iterate_current(const alf_iterate *it)
{
  return &it->step;
}

bool alf_iterate_may_cycle(const alf_iterate *it)
{
  return it->settings.schedule->constant && !it->settings.rule->timed;
}

alf_iterate_whole alf_iterate_state(alf_iterate *it)
{
  const alf_shift *shift = &it->step.shift_after;
  size_t numbers = (size_t)it->experts * sizeof(int64_t), held_back = alf_counter_state_size(it->counter);
  bool anchored = it->settings.rule->anchored || alf_format_is_anchored(&it->format);
  int64_t common = it->exact && !anchored ? shift->grid[0] : 0, *out = it->whole;
  if (!it->exact)
    memcpy(it->whole, shift->real, numbers);
  for (int32_t k = 0; it->exact && k < it->experts; k++)
    out[k] = shift->grid[k] - common;
  char *end = (char *)it->whole + numbers;
  memcpy(end, it->state, it->state_size);
  if (held_back)
    memcpy(end + it->state_size, alf_counter_state(it->counter), held_back);
  return (alf_iterate_whole){it->whole, numbers + it->state_size + held_back, common};
}

void alf_iterate_free(alf_iterate *it)
{
  if (!it)
    return;
  for (int parity = 0; parity < 2; parity++) {
    alf_shift_free(&it->shift[parity]);
    free(it->route[parity].chosen);
    free(it->route[parity].load);
    free(it->without_padding[parity]);
  }
  alf_shift_free(&it->delta);
  alf_router_free(it->router);
  alf_counter_free(it->counter);
  free(it->state);
  free(it->scratch);
  free(it->whole);
  free(it);
}
