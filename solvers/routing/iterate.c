#include "alf/iterate.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "data/parameter.h"
#include "routing/router.h"

/* |p| in grid units: leaves room in 64 bits for an affinity below 2^41 units, or for its product with 1 + p. */
#define SHIFT_LIMIT         0x1p61
#define PRODUCT_LIMIT(bits) fmin(SHIFT_LIMIT, ldexp(0x1p20, bits))

/* A shift with the memory behind it. */
typedef struct shift_buffer {
  int64_t *grid; /* NULL in float mode */
  double *real;
} shift_buffer;

/* A selection and its loads. */
typedef struct route {
  uint64_t *chosen; /* T×words */
  int64_t *load;    /* E, slots */
} route;

struct alf_iterate {
  alf_iterate_settings settings;
  bool exact;
  alf_dtype dtype;
  int64_t tokens;
  int32_t experts;
  int32_t grid_bits;
  shift_buffer shift[2], delta; /* shift[n % 2] belongs to iterate n; so does route[n % 2] */
  route route[2];
  alf_router *router;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  size_t state_size;
  void *state, *scratch; /* of the rule */
  void *whole;           /* what alf_iterate_state returns: E numbers, then the rule's state */
  alf_step step;
};

static alf_status check_settings(const alf_affinity *batch, const alf_iterate_settings *s, alf_error *err)
{
  if (!(s->u > 0) || !isfinite(s->u))
    return alf_fail(err, ALF_EINVAL, "step size u = %g: expected a positive number", s->u);
  for (int32_t k = 0; s->shift && k < batch->experts; k++)
    if (!isfinite(s->shift[k]))
      return alf_fail(err, ALF_EINVAL, "initial shift of expert %d is %g: expected a finite number", k, s->shift[k]);
  return alf_check_topk(batch, s->topk, err);
}

static bool alloc_shift(shift_buffer *buffer, int32_t experts, bool exact)
{
  buffer->real = calloc((size_t)experts, sizeof *buffer->real);
  buffer->grid = exact ? calloc((size_t)experts, sizeof *buffer->grid) : NULL;
  return buffer->real && (buffer->grid || !exact);
}

static bool alloc_rule(alf_iterate *it)
{
  const alf_rule *rule = it->settings.rule;
  alf_rule_shape shape = {it->tokens, it->experts, it->settings.topk};
  size_t scratch_size = rule->scratch_size ? rule->scratch_size(&shape) : 0;
  it->state_size = rule->state_size ? rule->state_size(&shape) : 0;
  it->state = calloc(1, it->state_size + 1);
  it->scratch = malloc(scratch_size + 1);
  it->whole = malloc((size_t)it->experts * sizeof(double) + it->state_size);
  return it->state && it->scratch && it->whole;
}

static size_t selection_words(const alf_iterate *it)
{
  return (size_t)it->tokens * (size_t)alf_selection_words(it->experts);
}

static bool alloc_buffers(alf_iterate *it)
{
  bool complete = alloc_shift(&it->delta, it->experts, it->exact);
  for (int parity = 0; parity < 2; parity++) {
    route *own = &it->route[parity];
    complete = alloc_shift(&it->shift[parity], it->experts, it->exact) && complete;
    own->chosen = malloc(selection_words(it) * sizeof *own->chosen);
    own->load = calloc((size_t)it->experts, sizeof *own->load);
    complete = complete && own->chosen && own->load;
  }
  return alloc_rule(it) && complete;
}

static double shift_limit(const alf_iterate *it)
{
  return it->settings.rule->combine == ALF_ADD ? SHIFT_LIMIT : PRODUCT_LIMIT(it->grid_bits);
}

/* Rounds E affinity units to the grid and reads them back; false when one leaves the range. */
static bool to_grid(shift_buffer *buffer, int32_t experts, int32_t grid_bits, double limit)
{
  for (int32_t k = 0; k < experts; k++) {
    double units = nearbyint(ldexp(buffer->real[k], grid_bits));
    if (!(fabs(units) < limit))
      return false;
    buffer->grid[k] = (int64_t)units;
    buffer->real[k] = ldexp((double)buffer->grid[k], -grid_bits); /* never −0 */
  }
  return true;
}

/* A shift lives in the type of the run. */
static void store_shift(const alf_iterate *it, shift_buffer *shift)
{
  for (int32_t k = 0; it->dtype == ALF_FLOAT32 && k < it->experts; k++)
    shift->real[k] = (double)(float)shift->real[k];
}

static alf_status set_initial_shift(alf_iterate *it, alf_error *err)
{
  const alf_iterate_settings *s = &it->settings;
  if (it->exact && s->rule->form == ALF_FORM_SIGN && nearbyint(ldexp(s->u, it->grid_bits)) == 0)
    return alf_fail(err, ALF_ERANGE, "step size %g: rounds to 0 on the grid of 2^%d", s->u, -it->grid_bits);
  if (s->shift)
    memcpy(it->shift[0].real, s->shift, (size_t)it->experts * sizeof *s->shift);
  if (it->exact && !to_grid(&it->shift[0], it->experts, it->grid_bits, shift_limit(it)))
    return alf_fail(err, ALF_ERANGE, "initial shift leaves the grid of 2^%d", -it->grid_bits);
  store_shift(it, &it->shift[0]);
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
  status = take_parameters(it, err);
  if (status == ALF_OK && !alloc_buffers(it))
    status = alf_fail_memory(err, 2 * selection_words(it) * sizeof(uint64_t));
  alf_router_settings routing = {.topk = settings->topk, .combine = settings->rule->combine};
  if (status == ALF_OK)
    status = alf_router_alloc(&it->router, batch, &routing, err);
  if (status == ALF_OK)
    status = set_initial_shift(it, err);
  if (status == ALF_OK)
    *out = it;
  else
    alf_iterate_free(it);
  return status;
}

static alf_shift view(const shift_buffer *buffer)
{
  return (alf_shift){buffer->grid, buffer->real};
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

alf_status alf_iterate_start(alf_iterate *it, const alf_affinity *batch, alf_error *err)
{
  alf_status status = check_batch(it, batch, err);
  if (status != ALF_OK)
    return status;
  shift_buffer *shift = &it->shift[0];
  route *own = &it->route[0];
  alf_router_route(it->router, batch, shift->grid, shift->real, 0, own->chosen, own->load);
  it->step = (alf_step){.batch_after = batch,
                        .topk = it->settings.topk,
                        .shift_after = view(shift),
                        .chosen_after = own->chosen,
                        .load_after = own->load};
  return ALF_OK;
}

static alf_status fail_range(const alf_iterate *it, const char *what, alf_error *err)
{
  char end[48] = "is not finite";
  if (it->exact)
    snprintf(end, sizeof end, "leaves the grid of 2^%d", -it->grid_bits);
  return alf_fail(err, ALF_ERANGE, "update %lld: %s %s", (long long)it->step.n + 1, what, end);
}

/* after = before + delta, exactly in grid units or in floating point. */
static alf_status move_shift(alf_iterate *it, const shift_buffer *before, shift_buffer *after, alf_error *err)
{
  if (it->exact && !to_grid(&it->delta, it->experts, it->grid_bits, SHIFT_LIMIT))
    return fail_range(it, "a step", err);
  for (int32_t k = 0; k < it->experts; k++) {
    if (it->exact) {
      after->grid[k] = before->grid[k] + it->delta.grid[k];
      after->real[k] = ldexp((double)after->grid[k], -it->grid_bits);
    } else {
      after->real[k] = before->real[k] + it->delta.real[k];
    }
  }
  store_shift(it, after);
  for (int32_t k = 0; k < it->experts; k++)
    if (!isfinite(after->real[k]) || (it->exact && !(fabs((double)after->grid[k]) < shift_limit(it))))
      return fail_range(it, "the shift", err);
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
  step->delta = view(&it->delta);
}

/* Writes the rule's step for update n into delta. */
static alf_status ask_rule(alf_iterate *it, int64_t n, double step_size, alf_error *err)
{
  const alf_iterate_settings *s = &it->settings;
  alf_rule_input input = {.n = n,
                          .tokens = it->tokens,
                          .experts = it->experts,
                          .topk = s->topk,
                          .slots = s->topk * it->tokens,
                          .load = it->step.load_after,
                          .shift = it->step.shift_after.real,
                          .grid = it->step.shift_after.grid,
                          .batch = it->step.batch_after,
                          .step_size = step_size,
                          .value = s->rule_values,
                          .scratch = it->scratch};
  if (step_size != 0)
    return s->rule->update(&input, it->state, it->delta.real, err);
  memset(it->delta.real, 0, (size_t)it->experts * sizeof *it->delta.real);
  return ALF_OK;
}

alf_status alf_iterate_step(alf_iterate *it, const alf_affinity *next, const alf_step **step, alf_error *err)
{
  alf_status status = check_batch(it, next, err);
  if (status != ALF_OK)
    return status;
  int64_t n = it->step.n + 1;
  shift_buffer *before = &it->shift[(n - 1) % 2], *after = &it->shift[n % 2];
  double step_size = it->settings.u * it->settings.schedule->factor(n, it->schedule_value);
  status = ask_rule(it, n, step_size, err);
  if (status == ALF_OK)
    status = move_shift(it, before, after, err);
  if (status != ALF_OK)
    return status;
  publish_before(it, n, step_size);
  route *own = &it->route[n % 2];
  alf_router_route(it->router, next, after->grid, after->real, n, own->chosen, own->load);
  it->step.batch_after = next;
  it->step.shift_after = view(after);
  it->step.chosen_after = own->chosen;
  it->step.load_after = own->load;
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
  size_t numbers = (size_t)it->experts * sizeof(int64_t);
  int64_t common = it->exact && !it->settings.rule->anchored ? shift->grid[0] : 0, *out = it->whole;
  if (!it->exact)
    memcpy(it->whole, shift->real, numbers);
  for (int32_t k = 0; it->exact && k < it->experts; k++)
    out[k] = shift->grid[k] - common;
  memcpy((char *)it->whole + numbers, it->state, it->state_size);
  return (alf_iterate_whole){it->whole, numbers + it->state_size, common};
}

void alf_iterate_free(alf_iterate *it)
{
  if (!it)
    return;
  for (int parity = 0; parity < 2; parity++) {
    free(it->shift[parity].grid);
    free(it->shift[parity].real);
    free(it->route[parity].chosen);
    free(it->route[parity].load);
  }
  free(it->delta.grid);
  free(it->delta.real);
  alf_router_free(it->router);
  free(it->state);
  free(it->scratch);
  free(it->whole);
  free(it);
}
