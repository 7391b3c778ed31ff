#include "alf/iterate.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "data/parameter.h"
#include "routing/route.h"

#define SHIFT_LIMIT 0x1p61 /* |p| in grid units; leaves room for an affinity below 2^41 units in 64 bits */

/* A shift with the memory behind it. */
typedef struct shift_buffer {
  int64_t *grid; /* NULL in float mode */
  double *real;
} shift_buffer;

struct alf_iterate {
  alf_iterate_settings settings;
  bool exact;
  int64_t tokens;
  int32_t experts;
  int32_t grid_bits;
  shift_buffer shift[2], delta; /* shift[n % 2] belongs to iterate n; so does route[n % 2] */
  alf_route route[2];
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  int64_t *score;
  void *state;
  alf_step step;
};

static alf_status check_settings(const alf_affinity *batch, const alf_iterate_settings *s, alf_error *err)
{
  if (batch->dtype != ALF_DYADIC && batch->dtype != ALF_FLOAT64)
    return alf_fail(err, ALF_EINVAL, "iterate: affinities must be dyadic (exact) or float64");
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

static bool alloc_buffers(alf_iterate *it)
{
  size_t experts = (size_t)it->experts, slots = (size_t)it->tokens * (size_t)it->settings.topk;
  const alf_rule *rule = it->settings.rule;
  bool complete = alloc_shift(&it->delta, it->experts, it->exact);
  for (int parity = 0; parity < 2; parity++) {
    alf_route *route = &it->route[parity];
    complete = alloc_shift(&it->shift[parity], it->experts, it->exact) && complete;
    route->chosen = malloc(slots * sizeof *route->chosen);
    route->load = calloc(experts, sizeof *route->load);
    complete = complete && route->chosen && route->load;
  }
  it->score = malloc(experts * sizeof *it->score);
  size_t state_size = rule->state_size ? rule->state_size(it->experts) : 0;
  it->state = state_size ? calloc(1, state_size) : NULL;
  return complete && it->score && (it->state || !state_size);
}

/* Rounds E affinity units to the grid and reads them back; false when one leaves the range. */
static bool to_grid(shift_buffer *buffer, int32_t experts, int32_t grid_bits)
{
  for (int32_t k = 0; k < experts; k++) {
    double units = nearbyint(ldexp(buffer->real[k], grid_bits));
    if (!(fabs(units) < SHIFT_LIMIT))
      return false;
    buffer->grid[k] = (int64_t)units;
    buffer->real[k] = ldexp((double)buffer->grid[k], -grid_bits); /* never −0 */
  }
  return true;
}

static alf_status set_initial_shift(alf_iterate *it, alf_error *err)
{
  const alf_iterate_settings *s = &it->settings;
  if (it->exact && s->rule->form == ALF_FORM_SIGN && nearbyint(ldexp(s->u, it->grid_bits)) == 0)
    return alf_fail(err, ALF_ERANGE, "step size %g: rounds to 0 on the grid of 2^%d", s->u, -it->grid_bits);
  if (s->shift)
    memcpy(it->shift[0].real, s->shift, (size_t)it->experts * sizeof *s->shift);
  if (it->exact && !to_grid(&it->shift[0], it->experts, it->grid_bits))
    return alf_fail(err, ALF_ERANGE, "initial shift leaves the grid of 2^%d", -it->grid_bits);
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
  it->exact = batch->dtype == ALF_DYADIC;
  it->tokens = batch->tokens;
  it->experts = batch->experts;
  it->grid_bits = batch->grid_bits;
  status = take_parameters(it, err);
  if (status == ALF_OK && !alloc_buffers(it))
    status = alf_fail_memory(err, (unsigned long long)it->tokens * (unsigned)settings->topk * 2 * sizeof(alf_expert));
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
      batch->dtype == (it->exact ? ALF_DYADIC : ALF_FLOAT64))
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "batch of %lld tokens, %d experts, grid 2^%d: the iteration has %lld, %d, 2^%d",
                  (long long)batch->tokens, batch->experts, -batch->grid_bits, (long long)it->tokens, it->experts,
                  -it->grid_bits);
}

alf_status alf_iterate_start(alf_iterate *it, const alf_affinity *batch, alf_error *err)
{
  alf_status status = check_batch(it, batch, err);
  if (status != ALF_OK)
    return status;
  shift_buffer *shift = &it->shift[0];
  size_t bytes = (size_t)it->tokens * (size_t)it->settings.topk * sizeof(alf_expert);
  alf_route_batch(batch, it->settings.topk, shift->grid, shift->real, NULL, it->score, &it->route[0]);
  memcpy(it->route[1].chosen, it->route[0].chosen, bytes); /* a selection, as alf_route_batch requires of its guesses */
  it->step = (alf_step){.batch_after = batch,
                        .topk = it->settings.topk,
                        .shift_after = view(shift),
                        .chosen_after = it->route[0].chosen,
                        .load_after = it->route[0].load};
  return ALF_OK;
}

static alf_status fail_range(const alf_iterate *it, const char *what, alf_error *err)
{
  char end[48] = "is not finite";
  if (it->exact)
    snprintf(end, sizeof end, "leaves the grid of 2^%d", -it->grid_bits);
  return alf_fail(err, ALF_ERANGE, "update %lld: %s %s", (long long)it->step.n + 1, what, end);
}

/* after = before + delta, exactly in grid units or in double. */
static alf_status move_shift(alf_iterate *it, const shift_buffer *before, shift_buffer *after, alf_error *err)
{
  if (it->exact && !to_grid(&it->delta, it->experts, it->grid_bits))
    return fail_range(it, "a step", err);
  for (int32_t k = 0; k < it->experts; k++) {
    if (it->exact) {
      after->grid[k] = before->grid[k] + it->delta.grid[k];
      after->real[k] = ldexp((double)after->grid[k], -it->grid_bits);
    } else {
      after->real[k] = before->real[k] + it->delta.real[k];
    }
    if (!isfinite(after->real[k]) || (it->exact && !(fabs((double)after->grid[k]) < SHIFT_LIMIT)))
      return fail_range(it, "the shift", err);
  }
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

/* Writes the rule's step for update n into delta, and returns the step size. */
static double ask_rule(alf_iterate *it, int64_t n)
{
  const alf_iterate_settings *s = &it->settings;
  alf_rule_input input = {.n = n,
                          .tokens = it->tokens,
                          .experts = it->experts,
                          .topk = s->topk,
                          .load = it->step.load_after,
                          .shift = it->step.shift_after.real,
                          .step_size = s->u * s->schedule->factor(n, s->schedule_values),
                          .value = s->rule_values};
  if (input.step_size != 0)
    s->rule->update(&input, it->state, it->delta.real);
  else
    memset(it->delta.real, 0, (size_t)it->experts * sizeof *it->delta.real);
  return input.step_size;
}

alf_status alf_iterate_step(alf_iterate *it, const alf_affinity *next, const alf_step **step, alf_error *err)
{
  alf_status status = check_batch(it, next, err);
  if (status != ALF_OK)
    return status;
  int64_t n = it->step.n + 1;
  shift_buffer *before = &it->shift[(n - 1) % 2], *after = &it->shift[n % 2];
  double step_size = ask_rule(it, n);
  status = move_shift(it, before, after, err);
  if (status != ALF_OK)
    return status;
  publish_before(it, n, step_size);
  alf_route *route = &it->route[n % 2];
  alf_route_batch(next, it->settings.topk, after->grid, after->real, it->step.chosen_before, it->score, route);
  it->step.batch_after = next;
  it->step.shift_after = view(after);
  it->step.chosen_after = route->chosen;
  it->step.load_after = route->load;
  *step = &it->step;
  return ALF_OK;
}

const alf_step *alf_iterate_current(const alf_iterate *it)
{
  return &it->step;
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
  free(it->score);
  free(it->state);
  free(it);
}
