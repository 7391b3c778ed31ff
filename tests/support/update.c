#include "update.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

void alf_update_batch(const alf_update *b, alf_dtype dtype, alf_affinity *batch)
{
  alf_error err = {0};
  assert_ok(alf_affinity_alloc(batch, dtype, b->tokens, b->experts, &err), &err);
  for (int32_t c = 0; c < b->tokens * b->experts; c++) {
    if (dtype == ALF_DYADIC)
      ((int64_t *)batch->storage)[c] = (int64_t)ldexp(b->value[c], ALF_GRID_BITS);
    else if (dtype == ALF_FLOAT64)
      ((double *)batch->storage)[c] = b->value[c];
    else
      ((float *)batch->storage)[c] = (float)b->value[c];
  }
}

void alf_update_loads(const alf_update *b, int64_t *load)
{
  memset(load, 0, (size_t)b->experts * sizeof *load);
  for (int32_t i = 0; i < b->tokens; i++)
    for (int32_t k = 0; k < b->experts; k++) {
      const double *row = b->value + i * b->experts;
      int32_t ahead = 0;
      for (int32_t j = 0; j < b->experts; j++)
        ahead += row[j] + b->shift[j] > row[k] + b->shift[k] || (row[j] + b->shift[j] == row[k] + b->shift[k] && j < k);
      load[k] += ahead < b->topk;
    }
}

alf_status alf_update_try(alf_update *b, const char *text, alf_dtype dtype, double u, void *state, alf_error *err)
{
  const alf_rule *rule;
  alf_affinity batch = {0};
  double value[ALF_MAX_PARAMETERS];
  int64_t load[ALF_UPDATE_EXPERTS], grid[ALF_UPDATE_EXPERTS];
  assert_ok(alf_rule_read(text, &rule, value, err), err);
  alf_update_batch(b, dtype, &batch);
  alf_update_loads(b, load);
  for (int32_t k = 0; k < b->experts; k++)
    grid[k] = (int64_t)ldexp(b->shift[k], ALF_GRID_BITS);
  alf_rule_shape shape = {b->tokens, b->experts, b->topk};
  void *own = calloc(1, rule->state_size ? rule->state_size(&shape) : 1),
       *scratch = malloc(rule->scratch_size ? rule->scratch_size(&shape) : 1);
  assert_true(own && scratch);
  alf_rule_input in = {.n = 1,
                       .tokens = b->tokens,
                       .experts = b->experts,
                       .topk = b->topk,
                       .slots = (int64_t)b->topk * b->tokens,
                       .load = load,
                       .shift = b->shift,
                       .grid = dtype == ALF_DYADIC ? grid : NULL,
                       .batch = &batch,
                       .step_size = u,
                       .value = value,
                       .scratch = scratch};
  alf_status status = rule->update(&in, state ? state : own, b->delta, err);
  free(own);
  free(scratch);
  alf_affinity_free(&batch);
  return status;
}

void alf_update_run(alf_update *b, const char *text, alf_dtype dtype, double u, void *state)
{
  alf_error err = {0};
  assert_ok(alf_update_try(b, text, dtype, u, state, &err), &err);
}

/* A fixed stream of numbers 0..count−1: xorshift. */
static int32_t draw(int32_t count)
{
  static uint64_t seed = 88172645463325252u;
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (int32_t)((seed >> 20) % (uint64_t)count);
}

alf_update alf_update_draw(int32_t most_tokens, int32_t most_experts)
{
  alf_update b = {0};
  b.tokens = 1 + draw(most_tokens);
  b.experts = 2 + draw(most_experts - 1);
  int32_t levels = draw(3) ? 1 << 20 : 4;
  b.topk = 1 + draw(b.experts - 1);
  for (int32_t c = 0; c < b.tokens * b.experts; c++)
    b.value[c] = (double)draw(levels) / levels;
  for (int32_t k = 0; k < b.experts; k++)
    b.shift[k] = draw(2) ? ldexp(draw(1 << 20) - (1 << 19), -20) : 0;
  return b;
}
