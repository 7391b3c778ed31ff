#include "shrink.h"

#include <math.h>
#include <string.h>

/* One attempt after the other; each that still refutes the claim is kept. */
typedef struct shrinking {
  const alf_claim *claim;
  alf_trial *trial;
  alf_claim_result *result;
  alf_status status;
  alf_error *err;
} shrinking;

/* Keeps `next` if it refutes the claim. */
static bool keep(shrinking *s, const alf_trial *next)
{
  alf_claim_result result = {0};
  if (s->status != ALF_OK)
    return false;
  s->status = alf_trial_judge(next, s->claim, &result, s->err);
  if (s->status != ALF_OK || result.verdict != ALF_REFUTED)
    return false;
  *s->trial = *next;
  *s->result = result;
  return true;
}

static bool drop_token(shrinking *s, int64_t i)
{
  alf_trial next = *s->trial;
  int64_t row = next.experts;
  if (next.tokens == 1)
    return false;
  next.tokens--;
  memmove(next.affinity + i * row, next.affinity + (i + 1) * row,
          (size_t)((next.tokens - i) * row) * sizeof *next.affinity);
  return keep(s, &next);
}

static bool drop_expert(shrinking *s, int32_t k, int32_t topk)
{
  const alf_trial *old = s->trial;
  alf_trial next = *old;
  if (old->experts == 2 || topk < 1 || topk >= old->experts - 1)
    return false;
  next.experts--;
  next.topk = topk;
  for (int64_t i = 0, at = 0; i < old->tokens; i++)
    for (int32_t j = 0; j < old->experts; j++)
      if (j != k)
        next.affinity[at++] = old->affinity[i * old->experts + j];
  memmove(next.shift + k, next.shift + k + 1, (size_t)(next.experts - k) * sizeof *next.shift);
  return keep(s, &next);
}

static bool shorten(shrinking *s)
{
  alf_trial next = *s->trial;
  int64_t worst = s->result->worst_step;
  bool any = false;
  if (worst > 0 && worst < next.steps) {
    next.steps = worst;
    any = keep(s, &next);
  }
  for (next = *s->trial; next.steps > 1;) {
    next.steps = next.steps > 16 ? next.steps / 2 : next.steps - 1;
    if (!keep(s, &next))
      break;
    any = true;
  }
  return any;
}

/* Fewer bits: all affinities, shifts and the step size as multiples of a coarser unit. */
static bool coarsen(shrinking *s)
{
  alf_trial next = *s->trial;
  double units = ldexp(next.u, next.grid_bits - 1);
  if (next.grid_bits == 0)
    return false;
  next.grid_bits--;
  for (int64_t at = 0; at < next.tokens * next.experts; at++)
    next.affinity[at] = (next.affinity[at] + (next.affinity[at] & 1)) / 2;
  for (int32_t k = 0; k < next.experts; k++)
    next.shift[k] /= 2;
  next.u = ldexp(fmax(1, floor(units)), -next.grid_bits);
  return keep(s, &next);
}

/* Smaller numbers: 0, or nearer to it. */
static bool lower(shrinking *s, int64_t *number)
{
  int64_t *base = s->trial->affinity, value = *number;
  bool in_shift = number < base || number >= base + ALF_TRIAL_TOKENS * ALF_TRIAL_EXPERTS;
  const int64_t tries[] = {0, value / 2, value - (value > 0) + (value < 0)};
  for (int j = 0; j < 3 && value != 0; j++) {
    alf_trial next = *s->trial;
    int64_t *own = in_shift ? next.shift + (number - s->trial->shift) : next.affinity + (number - base);
    *own = tries[j];
    if (keep(s, &next))
      return true;
  }
  return false;
}

static bool lower_step(shrinking *s)
{
  alf_trial next = *s->trial;
  double units = ldexp(next.u, next.grid_bits);
  const double tries[] = {1, floor(units / 2), units - 1};
  for (int j = 0; j < 3 && units > 1; j++) {
    next.u = ldexp(tries[j], -next.grid_bits);
    if (keep(s, &next))
      return true;
  }
  return false;
}

/* Whole tokens and experts first: they make all that follows cheaper. */
static bool pass(shrinking *s)
{
  bool any = false;
  for (int64_t i = s->trial->tokens - 1; i >= 0; i--)
    any = drop_token(s, i) || any;
  for (int32_t k = s->trial->experts - 1; k >= 0; k--)
    any = drop_expert(s, k, s->trial->topk) || drop_expert(s, k, s->trial->topk - 1) || any;
  any = shorten(s) || any;
  while (coarsen(s))
    any = true;
  any = lower_step(s) || any;
  for (int32_t k = 0; k < s->trial->experts; k++)
    any = lower(s, &s->trial->shift[k]) || any;
  for (int64_t at = 0; at < s->trial->tokens * s->trial->experts; at++)
    any = lower(s, &s->trial->affinity[at]) || any;
  return any && s->status == ALF_OK;
}

alf_status alf_shrink(const alf_claim *claim, alf_trial *trial, alf_claim_result *result, alf_error *err)
{
  enum { MOST_PASSES = 60 };
  shrinking s = {claim, trial, result, ALF_OK, err};
  for (int n = 0; n < MOST_PASSES && pass(&s); n++)
    continue;
  return s.status;
}
