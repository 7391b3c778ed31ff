#include "alf/hunt.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

#include "alf/random.h"
#include "shrink.h"

enum { GRID_BITS = 20, PATIENCE = 40, MOST_STEPS = 400 };

#define CYCLE_STEPS 4000 /* updates of a sign rule until its limit cycle */
#define HOPELESS    1e300

static double random_real(gsl_rng *rng)
{
  return gsl_rng_uniform(rng);
}

/* from..to, both included. */
static int64_t random_whole(gsl_rng *rng, int64_t from, int64_t to)
{
  return from + (int64_t)(random_real(rng) * (double)(to - from + 1));
}

alf_status alf_trial_judge(const alf_trial *t, const alf_claim *claim, alf_claim_result *result, alf_error *err)
{
  const alf_claim *const claims[] = {claim, NULL};
  alf_affinity batch = {.dtype = ALF_DYADIC,
                        .tokens = t->tokens,
                        .experts = t->experts,
                        .grid_bits = t->grid_bits,
                        .values = t->affinity};
  alf_instance instance = {0};
  alf_instance_settings prepare = {.solve = claim->needs & ALF_NEEDS_OPTIMUM,
                                   .crowding_count = claim->needs & ALF_NEEDS_CROWDING ? 1 : 0,
                                   .step_size = &t->u};
  alf_verify_settings settings = {.steps = t->steps,
                                  .cycle_steps = t->steps > CYCLE_STEPS ? t->steps : CYCLE_STEPS,
                                  .exact = true,
                                  .claims = claims};
  double shift[ALF_TRIAL_EXPERTS];
  for (int32_t k = 0; k < t->experts; k++)
    shift[k] = ldexp((double)t->shift[k], -t->grid_bits);
  alf_cell cell = {.rule = t->rule,
                   .schedule = t->schedule,
                   .u = t->u,
                   .rule_values = t->rule_value,
                   .schedule_values = t->schedule_value,
                   .shift = shift};
  alf_status status = alf_instance_prepare(&instance, &batch, t->topk, &prepare, err);
  if (status == ALF_OK) {
    status = alf_verify_cell(&instance, NULL, &cell, &settings, result, err);
    status = status == ALF_ERANGE ? ALF_OK : status; /* the result says so */
  }
  alf_instance_free(&instance);
  return status;
}

/* Affinities of few or many levels, so that ties come often or hardly ever. */
static int64_t random_affinity(gsl_rng *rng, int64_t levels)
{
  return random_whole(rng, 0, levels - 1) * ((INT64_C(1) << GRID_BITS) / levels);
}

static void draw_cell(const alf_hunt_settings *s, gsl_rng *rng, alf_trial *t)
{
  const alf_cell *cell = &s->cell[random_whole(rng, 0, s->cells - 1)];
  t->rule = cell->rule;
  t->schedule = cell->schedule;
  for (int i = 0; i < alf_parameter_count(t->rule->parameters); i++)
    t->rule_value[i] = cell->rule_values ? cell->rule_values[i] : t->rule->parameters[i].fallback;
  for (int i = 0; i < alf_parameter_count(t->schedule->parameters); i++)
    t->schedule_value[i] = cell->schedule_values ? cell->schedule_values[i] : t->schedule->parameters[i].fallback;
}

/* Step sizes of any size between a thousandth and all of the affinities' range. */
static double random_size(gsl_rng *rng)
{
  return ldexp(nearbyint(exp2(GRID_BITS - 10 * random_real(rng))), -GRID_BITS);
}

static void draw_trial(const alf_hunt_settings *s, gsl_rng *rng, alf_trial *t)
{
  static const int64_t level[] = {2, 3, 4, 8, 32, 1 << 10, 1 << GRID_BITS};
  *t = (alf_trial){.grid_bits = GRID_BITS};
  draw_cell(s, rng, t);
  t->tokens = random_whole(rng, 1, ALF_TRIAL_TOKENS);
  t->experts = (int32_t)random_whole(rng, 2, ALF_TRIAL_EXPERTS);
  t->topk = (int32_t)random_whole(rng, 1, t->experts - 1);
  t->steps = random_whole(rng, 2, MOST_STEPS);
  t->u = random_size(rng);
  int64_t levels = level[random_whole(rng, 0, sizeof level / sizeof *level - 1)];
  for (int64_t at = 0; at < t->tokens * t->experts; at++)
    t->affinity[at] = random_affinity(rng, levels);
  bool moved = random_real(rng) < 0.5;
  for (int32_t k = 0; moved && k < t->experts; k++)
    t->shift[k] = random_whole(rng, -4, 4) * ((INT64_C(1) << GRID_BITS) / 2);
}

/* One small change. */
static void mutate(const alf_trial *from, gsl_rng *rng, alf_trial *t)
{
  *t = *from;
  int64_t cell = random_whole(rng, 0, t->tokens * t->experts - 1);
  switch (random_whole(rng, 0, 7)) {
  case 0:
    t->affinity[cell] = random_affinity(rng, 1 << GRID_BITS);
    break;
  case 1:
    t->affinity[cell] = t->affinity[random_whole(rng, 0, t->tokens * t->experts - 1)];
    break;
  case 2: { /* a token becomes like another */
    int64_t other = random_whole(rng, 0, t->tokens - 1), own = cell / t->experts;
    memmove(t->affinity + own * t->experts, t->affinity + other * t->experts, (size_t)t->experts * sizeof *t->affinity);
    break;
  }
  case 3:
    t->affinity[cell] += random_whole(rng, -1, 1) * (int64_t)ldexp(t->u, GRID_BITS);
    break;
  case 4:
    t->u = random_size(rng);
    break;
  case 5:
    t->shift[random_whole(rng, 0, t->experts - 1)] = random_whole(rng, -4, 4) * (int64_t)ldexp(t->u, GRID_BITS);
    break;
  case 6:
    t->topk = (int32_t)random_whole(rng, 1, t->experts - 1);
    break;
  default:
    t->u = ldexp(fmax(1, nearbyint(ldexp(t->u, GRID_BITS) * (0.5 + random_real(rng)))), -GRID_BITS);
  }
}

/* What climbing lowers: the margin, where the claim was judged. */
static double score_of(const alf_claim_result *result)
{
  bool judged = result->verdict == ALF_HOLDS || result->verdict == ALF_REFUTED;
  return judged && !isnan(result->margin) ? result->margin : HOPELESS;
}

static alf_status try(const alf_hunt_settings *s, const alf_trial *t, alf_hunt_result *r, double *score, alf_error *err)
{
  alf_claim_result result = {0};
  alf_status status = alf_trial_judge(t, s->claim, &result, err);
  if (status != ALF_OK)
    return status;
  *score = score_of(&result);
  r->tried++;
  if (*score < HOPELESS) {
    r->judged++;
    r->nearest = isnan(r->nearest) ? *score : fmin(r->nearest, *score);
  }
  if (result.verdict == ALF_REFUTED) {
    r->found = true;
    r->witness = *t;
    r->result = result;
  }
  return ALF_OK;
}

/* From one start downhill, until nothing has helped for a while. */
static alf_status climb(const alf_hunt_settings *s, gsl_rng *rng, alf_hunt_result *r, bool *stopped, alf_error *err)
{
  alf_trial best, next;
  double lowest, score;
  draw_trial(s, rng, &best);
  alf_status status = try(s, &best, r, &lowest, err);
  for (int idle = 0; status == ALF_OK && !r->found && idle < PATIENCE; idle++) {
    if ((*stopped = s->stop && s->stop(s->context)))
      break;
    mutate(&best, rng, &next);
    status = try(s, &next, r, &score, err);
    if (status == ALF_OK && score <= lowest && score < HOPELESS) {
      idle = score < lowest ? 0 : idle;
      lowest = score;
      best = next;
    }
    if (lowest >= HOPELESS && idle > PATIENCE / 8)
      break;
  }
  return status;
}

alf_status alf_hunt(const alf_hunt_settings *s, alf_hunt_result *r, alf_error *err)
{
  *r = (alf_hunt_result){.nearest = NAN};
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  if (!rng)
    return alf_fail_memory(err, sizeof *rng);
  bool stopped = false;
  alf_status status = ALF_OK;
  for (uint64_t restart = 0; status == ALF_OK && !r->found && !stopped; restart++) {
    alf_rng_stream(rng, s->seed, 0, restart);
    status = climb(s, rng, r, &stopped, err);
  }
  gsl_rng_free(rng);
  return status == ALF_OK && r->found ? alf_shrink(s->claim, &r->witness, &r->result, err) : status;
}
