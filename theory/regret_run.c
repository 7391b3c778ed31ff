#include "regret_run.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/routing.h"
#include "alf/solver.h"
#include "regret_stream.h"

enum { TICK = 64 }; /* batches between two reports of progress */

/* One cell's sums so far. */
typedef struct score {
  alf_iterate *it;
  double expected, plain, dynamic;
  double total;          /* Σ f^n(p^n) */
  double gradient;       /* Σ ‖g^n‖² since the last checkpoint */
  int64_t gradient_from; /* batches at that checkpoint */
  double farthest;
} score;

typedef struct run {
  const alf_regret_settings *settings;
  const alf_regret_slots *slots;
  alf_regret_stream stream;
  alf_affinity batch[2];
  alf_iterate *star; /* routes by p*, or by 0 where that is not known: what other selections are compared with */
  double *origin;    /* E: p*, or 0 */
  score *score;      /* one a cell */
  alf_affinity pool; /* all batches, for hindsight */
} run;

static void free_run(run *r)
{
  for (int c = 0; r->score && c < r->settings->cells; c++)
    alf_iterate_free(r->score[c].it);
  alf_iterate_free(r->star);
  free(r->score);
  free(r->origin);
  alf_affinity_free(&r->batch[0]);
  alf_affinity_free(&r->batch[1]);
  alf_affinity_free(&r->pool);
  alf_regret_stream_close(&r->stream);
}

static alf_status alloc_iterates(run *r, alf_error *err)
{
  const alf_regret_settings *s = r->settings;
  const alf_affinity *batch = &r->batch[0];
  alf_iterate_settings still = {.rule = alf_rule_find("none"),
                                .schedule = alf_schedule_find("constant"),
                                .u = 1,
                                .topk = s->topk,
                                .shift = r->origin,
                                .eager = true};
  alf_status status = alf_iterate_alloc(&r->star, batch, &still, err);
  for (int c = 0; status == ALF_OK && c < s->cells; c++) {
    const alf_regret_cell *cell = &s->cell[c];
    alf_iterate_settings settings = {.rule = cell->rule,
                                     .schedule = cell->schedule,
                                     .u = cell->u,
                                     .topk = s->topk,
                                     .rule_values = cell->rule_values,
                                     .schedule_values = cell->schedule_values,
                                     .width = cell->width,
                                     .eager = true};
    status = alf_iterate_alloc(&r->score[c].it, batch, &settings, err);
  }
  return status;
}

static alf_status alloc_run(run *r, alf_error *err)
{
  const alf_regret_settings *s = r->settings;
  int32_t experts = r->batch[0].experts;
  r->score = calloc((size_t)s->cells, sizeof *r->score);
  r->origin = calloc((size_t)experts, sizeof *r->origin);
  if (!r->score || !r->origin)
    return alf_fail_memory(err, (size_t)s->cells * sizeof *r->score);
  if (s->optimum)
    memcpy(r->origin, s->optimum, (size_t)experts * sizeof *r->origin);
  alf_status status = alloc_iterates(r, err);
  if (status == ALF_OK && s->hindsight)
    status = alf_affinity_alloc(&r->pool, ALF_FLOAT64, r->batch[0].tokens * s->steps, experts, err);
  return status;
}

/* Σ γ over the slots of a selection. */
static double sum_chosen(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  double sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const double *row = (const double *)batch->values + i * experts;
    const uint64_t *chosen = step->chosen_after + i * words;
    for (int32_t k = alf_next_expert(chosen, experts, 0); k < experts; k = alf_next_expert(chosen, experts, k + 1))
      sum += row[k];
  }
  return sum;
}

/* Σ γ over the slots of one selection less those of the other, from what differs. */
static double gain(const alf_step *own, const alf_step *other)
{
  const alf_affinity *batch = own->batch_after;
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  double sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const double *row = (const double *)batch->values + i * experts;
    for (int32_t w = 0; w < words; w++) {
      uint64_t a = own->chosen_after[i * words + w], b = other->chosen_after[i * words + w];
      for (uint64_t bits = a ^ b; bits; bits &= bits - 1)
        sum += (a & bits & -bits ? 1 : -1) * row[w * 64 + __builtin_ctzll(bits)];
    }
  }
  return sum;
}

/* f^n(p^n), f^n(p*) and what lies between them. `base` is Σ γ over the star's slots, `optimum` min f^n; NaN where they
   are not needed. */
static void observe(run *r, score *s, double base, double optimum)
{
  const alf_step *own = alf_iterate_current(s->it), *star = alf_iterate_current(r->star);
  int32_t experts = own->batch_after->experts;
  double gained = gain(own, star), target = (double)(own->topk * own->batch_after->tokens) / experts;
  double here = 0, there = 0, turned = 0, squares = 0, distance = 0, mean = 0;
  for (int32_t k = 0; k < experts; k++)
    mean += (own->shift_after.real[k] - r->origin[k]) / experts;
  for (int32_t k = 0; k < experts; k++) {
    double p = own->shift_after.real[k], load = (double)own->load_after[k], off = p - r->origin[k] - mean;
    here += p * (load - target);
    there += r->origin[k] * ((double)star->load_after[k] - target);
    turned += p * (load - (double)star->load_after[k]);
    squares += (load - target) * (load - target);
    distance += off * off;
  }
  s->plain += gained + here - there;
  s->expected += gained + turned;
  s->total += base + gained + here;
  s->dynamic += base + gained + here - optimum;
  s->gradient += squares;
  s->farthest = fmax(s->farthest, sqrt(distance));
}

/* g_k g_l at p*. */
static void observe_noise(const run *r)
{
  double *noise = r->slots->noise;
  const alf_step *star = alf_iterate_current(r->star);
  int32_t experts = star->batch_after->experts;
  double target = (double)(star->topk * star->batch_after->tokens) / experts;
  double *count = noise + (int64_t)experts * experts + experts;
  for (int32_t k = 0; k < experts; k++) {
    double own = (double)star->load_after[k] - target;
    for (int32_t l = 0; l < experts; l++)
      noise[(int64_t)k * experts + l] += own * ((double)star->load_after[l] - target);
    noise[(int64_t)experts * experts + k] += own;
  }
  *count += 1;
}

/* What is known of a solved problem. */
typedef struct optimum {
  double value;    /* certified */
  double residual; /* Σ f^n at its prices less it, over the batches that it pools: exact, then rounded once */
  double rounding; /* of value, and of the sum of as many affinities in doubles */
} optimum;

/* Σ_n f^n(p) over batches of `tokens`, batch by batch: in units of 2^-grid_bits / E. */
static alf_int128 sum_duals(const alf_affinity *pool, int64_t tokens, int32_t topk, const int64_t *shift)
{
  alf_int128 sum = 0;
  for (int64_t i = 0; i < pool->tokens; i += tokens) {
    alf_affinity batch = *pool;
    batch.tokens = tokens;
    batch.values = (const int64_t *)pool->values + i * pool->experts;
    sum += alf_dual_value(&batch, topk, shift);
  }
  return sum;
}

static void compare_pool(const run *r, const alf_problem *problem, const alf_solution *solution,
                         const alf_certificate *certificate, optimum *o)
{
  const alf_affinity *pool = problem->batch;
  alf_int128 value = certificate->primal * (pool->experts / alf_problem_denominator(problem));
  alf_int128 duals = sum_duals(pool, r->batch[0].tokens, problem->topk, solution->price);
  double own = (double)problem->topk * (double)r->batch[0].tokens, slots = (double)problem->topk * (double)pool->tokens;
  double terms = own + slots / own; /* one after the other, none above 2^41 grid units */
  o->residual = alf_int128_to_double(duals - value, pool->grid_bits, pool->experts);
  o->rounding = 2 * certificate->rounding_bound + terms * DBL_EPSILON * slots * ldexp(1, 41 - pool->grid_bits);
}

/* The certified optimum of one batch, or of all. */
static alf_status solve(const run *r, const alf_affinity *batch, optimum *o, alf_error *err)
{
  alf_affinity dyadic = {0};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_affinity_convert(batch, ALF_DYADIC, &dyadic, err);
  alf_problem problem = {&dyadic, r->settings->topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = 1, .stop = r->settings->stop};
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("auto"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum was not certified");
  o->value = certificate.objective;
  if (status == ALF_OK && batch == &r->pool)
    compare_pool(r, &problem, &solution, &certificate, o);
  alf_solution_free(&solution);
  alf_affinity_free(&dyadic);
  return status;
}

static alf_status route(run *r, int64_t n, alf_error *err)
{
  const alf_affinity *batch = &r->batch[n % 2];
  const alf_step *step;
  alf_status status = n == 0 ? alf_iterate_start(r->star, batch, err) : alf_iterate_step(r->star, batch, &step, err);
  for (int c = 0; status == ALF_OK && c < r->settings->cells; c++) {
    alf_iterate *it = r->score[c].it;
    status = n == 0 ? alf_iterate_start(it, batch, err) : alf_iterate_step(it, batch, &step, err);
  }
  return status;
}

static alf_status take_batch(run *r, int64_t n, alf_error *err)
{
  const alf_regret_settings *s = r->settings;
  alf_affinity *batch = &r->batch[n % 2];
  double base = NAN;
  optimum best = {.value = NAN};
  alf_status status = n == 0 ? ALF_OK : alf_regret_stream_next(&r->stream, n, batch, err);
  if (status == ALF_OK)
    status = route(r, n, err);
  if (status == ALF_OK && s->dynamic)
    status = solve(r, batch, &best, err);
  if (status != ALF_OK)
    return status;
  size_t bytes = (size_t)(batch->tokens * batch->experts) * sizeof(double);
  if (s->hindsight)
    memcpy((char *)r->pool.storage + (size_t)n * bytes, batch->values, bytes);
  if (s->hindsight || s->dynamic)
    base = sum_chosen(alf_iterate_current(r->star));
  for (int c = 0; c < s->cells; c++)
    observe(r, &r->score[c], base, best.value);
  if (r->slots->noise)
    observe_noise(r);
  return ALF_OK;
}

static void put(double *slot, int64_t at, double value)
{
  if (slot)
    slot[at] = value;
}

static void write_down(run *r, int64_t checkpoint, int64_t batches)
{
  for (int c = 0; c < r->settings->cells; c++) {
    score *s = &r->score[c];
    int64_t at = c * r->slots->stride + checkpoint;
    put(r->slots->expected, at, s->expected);
    put(r->slots->plain, at, s->plain);
    put(r->slots->dynamic, at, s->dynamic);
    put(r->slots->gradient, at, s->gradient / (double)(batches - s->gradient_from));
    s->gradient = 0;
    s->gradient_from = batches;
  }
}

static alf_status conclude(run *r, alf_error *err)
{
  optimum best = {.value = NAN};
  alf_status status = r->slots->hindsight ? solve(r, &r->pool, &best, err) : ALF_OK;
  put(r->slots->residual, 0, best.residual);
  put(r->slots->rounding, 0, best.rounding);
  for (int c = 0; c < r->settings->cells; c++) {
    put(r->slots->hindsight, c * r->slots->single_stride, r->score[c].total - best.value);
    put(r->slots->farthest, c * r->slots->single_stride, r->score[c].farthest);
  }
  return status;
}

static alf_status run_batches(run *r, const alf_regret_clock *clock, alf_error *err)
{
  const alf_regret_settings *s = r->settings;
  alf_status status = ALF_OK;
  for (int64_t n = 0, j = 0; status == ALF_OK && n < s->steps; n++) {
    if (s->stop && s->stop())
      return alf_fail(err, ALF_EINTERRUPTED, "interrupted");
    status = take_batch(r, n, err);
    if (status == ALF_OK && n + 1 == clock->batches[j])
      write_down(r, j++, n + 1);
    if ((n + 1) % TICK == 0)
      clock->passed(clock->context, TICK);
  }
  return status == ALF_OK ? conclude(r, err) : status;
}

alf_status alf_regret_run_once(const alf_regret_settings *settings, int64_t repetition, const alf_regret_clock *clock,
                               const alf_regret_slots *slots, alf_error *err)
{
  run r = {.settings = settings, .slots = slots};
  alf_status status =
      alf_regret_stream_open(&r.stream, settings->input, settings->seed, repetition, settings->steps, err);
  if (status == ALF_OK)
    status = alf_regret_stream_next(&r.stream, 0, &r.batch[0], err);
  if (status == ALF_OK)
    status = alloc_run(&r, err);
  if (status == ALF_OK)
    status = run_batches(&r, clock, err);
  free_run(&r);
  return status;
}
