#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "support.h"

typedef struct iterate {
  int64_t *grid;
  double *real;
  uint64_t *chosen;
  int64_t *load;
} iterate;

struct alf_reference {
  const alf_affinity *batch;
  alf_iterate_settings settings;
  alf_sabotage sabotage;
  iterate at[3]; /* at[n % 3]: the stale loads are two iterates old */
  int64_t *delta_grid;
  double *delta_real;
  int64_t *zero_grid; /* for ALF_START_HIDDEN */
  double *zero_real;
  void *state, *scratch;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  uint64_t coin;
  alf_step step;
};

static void *take(size_t count, size_t size)
{
  void *memory = calloc(count, size);
  assert_non_null(memory);
  return memory;
}

/* A fair coin for ties: xorshift. */
static int toss(alf_reference *r)
{
  r->coin ^= r->coin << 13;
  r->coin ^= r->coin >> 7;
  r->coin ^= r->coin << 17;
  return (int)(r->coin >> 40) & 1;
}

/* γ + p, or γ (1 + p) rounded down to the grid. */
static int64_t score(const alf_reference *r, int64_t affinity, int64_t shift)
{
  if (r->settings.rule->combine == ALF_ADD)
    return affinity + shift;
  alf_int128 unit = (alf_int128)1 << r->batch->grid_bits, product = affinity * (unit + shift);
  return (int64_t)(product / unit - (product % unit < 0));
}

/* The best expert not yet taken: K passes over the row, no cleverness. */
static int32_t best_free(alf_reference *r, const int64_t *row, const int64_t *shift, const char *taken)
{
  int32_t best = -1, experts = r->batch->experts - (r->sabotage == ALF_LAST_DROPPED);
  for (int32_t k = 0; k < experts; k++) {
    if (taken[k])
      continue;
    int64_t ahead = best < 0 ? 1 : score(r, row[k], shift[k]) - score(r, row[best], shift[best]);
    if (ahead > 0 || (ahead == 0 && r->sabotage == ALF_RANDOM_TIES && toss(r)))
      best = k;
  }
  return best;
}

static void route(alf_reference *r, iterate *it)
{
  int32_t experts = r->batch->experts, topk = r->settings.topk, words = alf_selection_words(experts);
  char taken[ALF_MAX_EXPERTS];
  memset(it->load, 0, (size_t)experts * sizeof *it->load);
  for (int64_t i = 0; i < r->batch->tokens; i++) {
    memset(taken, 0, (size_t)experts);
    for (int32_t j = 0; j < topk; j++)
      taken[best_free(r, alf_affinity_row(r->batch, i), it->grid, taken)] = 1;
    memset(it->chosen + i * words, 0, (size_t)words * sizeof *it->chosen);
    for (int32_t k = 0; k < experts; k++) {
      if (!taken[k])
        continue;
      it->chosen[i * words + k / 64] |= UINT64_C(1) << k % 64;
      it->load[k] += r->sabotage == ALF_LOADS_TWICE ? 2 : 1;
    }
  }
}

static void set_values(double *value, const alf_parameter *table, const double *given)
{
  for (int i = 0; i < alf_parameter_count(table); i++)
    value[i] = given ? given[i] : table[i].fallback;
}

alf_reference *alf_reference_new(const alf_affinity *batch, const alf_iterate_settings *settings, alf_sabotage sabotage)
{
  alf_reference *r = take(1, sizeof *r);
  size_t experts = (size_t)batch->experts;
  r->batch = batch;
  r->settings = *settings;
  r->sabotage = sabotage;
  set_values(r->rule_value, settings->rule->parameters, settings->rule_values);
  set_values(r->schedule_value, settings->schedule->parameters, settings->schedule_values);
  r->coin = 88172645463325252u;
  r->delta_grid = take(experts, sizeof *r->delta_grid);
  r->delta_real = take(experts, sizeof *r->delta_real);
  r->zero_grid = take(experts, sizeof *r->zero_grid);
  r->zero_real = take(experts, sizeof *r->zero_real);
  alf_rule_shape shape = {batch->tokens, batch->experts, settings->topk};
  r->state = take(1, settings->rule->state_size ? settings->rule->state_size(&shape) : 1);
  r->scratch = take(1, settings->rule->scratch_size ? settings->rule->scratch_size(&shape) : 1);
  for (int t = 0; t < 3; t++) {
    r->at[t].grid = take(experts, sizeof(int64_t));
    r->at[t].real = take(experts, sizeof(double));
    r->at[t].load = take(experts, sizeof(int64_t));
    r->at[t].chosen = take((size_t)batch->tokens * (size_t)alf_selection_words(batch->experts), sizeof(uint64_t));
  }
  for (int32_t k = 0; settings->shift && k < batch->experts; k++) {
    r->at[0].grid[k] = (int64_t)nearbyint(ldexp(settings->shift[k], batch->grid_bits));
    r->at[0].real[k] = ldexp((double)r->at[0].grid[k], -batch->grid_bits);
  }
  route(r, &r->at[0]);
  return r;
}

static int64_t movement(const alf_reference *r, int64_t delta)
{
  if (r->sabotage == ALF_MOVE_FLIPPED)
    return -delta;
  return r->sabotage == ALF_LARGER_STEP ? delta + delta / 20 : delta;
}

static void move(alf_reference *r, const iterate *from, iterate *to)
{
  int grid_bits = r->batch->grid_bits;
  for (int32_t k = 0; k < r->batch->experts; k++) {
    double units = nearbyint(ldexp(r->delta_real[k], grid_bits));
    r->delta_grid[k] = (int64_t)units * (r->sabotage == ALF_RULE_FLIPPED ? -1 : 1);
    r->delta_real[k] = ldexp((double)r->delta_grid[k], -grid_bits);
    to->grid[k] = from->grid[k] + movement(r, r->delta_grid[k]);
    to->real[k] = ldexp((double)to->grid[k], -grid_bits);
  }
}

static void keep_selections(const alf_reference *r, const iterate *from, iterate *to)
{
  size_t words = (size_t)r->batch->tokens * (size_t)alf_selection_words(r->batch->experts);
  memcpy(to->chosen, from->chosen, words * sizeof *to->chosen);
  memcpy(to->load, from->load, (size_t)r->batch->experts * sizeof *to->load);
}

const alf_step *alf_reference_step(alf_reference *r)
{
  int64_t n = r->step.n + 1;
  iterate *from = &r->at[(n - 1) % 3], *to = &r->at[n % 3];
  const iterate *counted = r->sabotage == ALF_STALE_LOADS && n > 1 ? &r->at[(n - 2) % 3] : from;
  alf_rule_input input = {.n = n,
                          .tokens = r->batch->tokens,
                          .experts = r->batch->experts,
                          .topk = r->settings.topk,
                          .slots = r->settings.topk * r->batch->tokens,
                          .load = counted->load,
                          .shift = from->real,
                          .grid = from->grid,
                          .batch = r->batch,
                          .step_size = r->settings.u * r->settings.schedule->factor(n, r->schedule_value),
                          .value = r->rule_value,
                          .scratch = r->scratch};
  alf_error err = {0};
  if (input.step_size != 0)
    assert_ok(r->settings.rule->update(&input, r->state, r->delta_real, &err), &err);
  else
    memset(r->delta_real, 0, (size_t)r->batch->experts * sizeof *r->delta_real);
  move(r, from, to);
  if (r->sabotage == ALF_NEVER_REROUTED)
    keep_selections(r, from, to);
  else
    route(r, to);
  r->step = (alf_step){n,
                       r->batch,
                       r->batch,
                       r->settings.topk,
                       {from->grid, from->real},
                       {to->grid, to->real},
                       {r->delta_grid, r->delta_real},
                       input.step_size,
                       from->chosen,
                       to->chosen,
                       from->load,
                       to->load};
  if (r->sabotage == ALF_START_HIDDEN && n == 1)
    r->step.shift_before = (alf_shift){r->zero_grid, r->zero_real};
  return &r->step;
}

void alf_reference_free(alf_reference *r)
{
  for (int t = 0; t < 3; t++) {
    free(r->at[t].grid);
    free(r->at[t].real);
    free(r->at[t].load);
    free(r->at[t].chosen);
  }
  free(r->delta_grid);
  free(r->delta_real);
  free(r->zero_grid);
  free(r->zero_real);
  free(r->state);
  free(r->scratch);
  free(r);
}
