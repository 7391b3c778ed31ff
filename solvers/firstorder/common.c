#include "firstorder/common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "exact/solution.h"
#include "firstorder/rounding.h"

static const double default_tolerance = 1e-4;
static const double price_limit = 0x1p60; /* grid units: scores then stay below 2^61 */

static void take_memory(alf_first_order *run)
{
  size_t experts = (size_t)run->problem->batch->experts;
  run->range = alf_memory_take(&run->memory, experts, sizeof *run->range);
  run->load = alf_memory_take(&run->memory, experts, sizeof *run->load);
  run->price = alf_memory_take(&run->memory, experts, sizeof *run->price);
  run->best_price = alf_memory_take(&run->memory, experts, sizeof *run->best_price);
  run->score = alf_memory_take(&run->memory, experts, sizeof *run->score);
  run->chosen = alf_memory_take(&run->memory, (size_t)run->problem->topk, sizeof *run->chosen);
}

alf_status alf_first_order_setup(void **workspace, const alf_first_order_method *method, const alf_problem *problem,
                                 const alf_solve_settings *settings, alf_error *err)
{
  alf_first_order *run = *workspace = calloc(1, method->size);
  if (!run)
    return alf_fail_memory(err, method->size);
  *run = (alf_first_order){.method = method, .problem = problem, .settings = *settings};
  run->settings.tolerance = settings->tolerance > 0 ? settings->tolerance : default_tolerance;
  run->settings.iterations = settings->iterations > 0 ? settings->iterations : method->iterations;
  take_memory(run);
  alf_status status = alf_memory_check(&run->memory, err);
  if (status)
    return status;
  for (int32_t k = 0; k < problem->batch->experts; k++)
    run->range[k] = alf_problem_load_range(problem, k);
  return method->prepare(run, err);
}

void alf_first_order_free(void *workspace)
{
  alf_first_order *run = workspace;
  if (run)
    alf_memory_free(&run->memory);
  free(run);
}

alf_status alf_first_order_can(const alf_problem *problem, alf_error *err)
{
  (void)problem;
  (void)err;
  return ALF_OK;
}

alf_first_order_extent alf_first_order_measure(const alf_affinity *batch)
{
  alf_first_order_extent extent = {0};
  int64_t least = INT64_MAX, most = INT64_MIN;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(batch, i);
    int64_t worst = row[0], best = row[0];
    for (int32_t k = 1; k < batch->experts; k++) {
      worst = row[k] < worst ? row[k] : worst;
      best = row[k] > best ? row[k] : best;
    }
    least = worst < least ? worst : least;
    most = best > most ? best : most;
    extent.spread += (double)(best - worst);
    extent.best += fabs((double)best);
    extent.magnitude += fmax((double)best, -(double)worst);
  }
  extent.range = (double)(most - least);
  return extent;
}

void alf_first_order_show(const alf_affinity *batch, const int64_t *price, double *shown)
{
  for (int32_t k = 0; k < batch->experts; k++)
    shown[k] = ldexp((double)price[k], -batch->grid_bits);
}

void alf_first_order_affinities(const alf_affinity *batch, double *affinity)
{
  const int64_t *cell = batch->values;
  double unit = ldexp(1, -batch->grid_bits);
  for (int64_t c = 0; c < batch->tokens * batch->experts; c++)
    affinity[c] = (double)cell[c] * unit;
}

double alf_first_order_target(const alf_problem *problem, int32_t k)
{
  return (double)alf_problem_target(problem, k) / problem->batch->experts;
}

static int compare_prices(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* A common shift of all prices changes nothing while loads are fixed: expert 0 gets 0. With a free load D is lowest
   when as many prices are at most 0 as there are experts with the larger load. Uses the scores as scratch. */
static void shift_prices(alf_first_order *run)
{
  int32_t experts = run->problem->batch->experts;
  int64_t zero = run->price[0];
  int64_t above = run->problem->topk * run->problem->batch->tokens % experts;
  if (alf_problem_has_free_load(run->problem) && above > 0) {
    memcpy(run->score, run->price, (size_t)experts * sizeof *run->score);
    qsort(run->score, (size_t)experts, sizeof *run->score, compare_prices);
    zero = run->score[above - 1];
  }
  for (int32_t k = 0; k < experts; k++)
    run->price[k] -= zero;
}

/* Prices beyond the grid are cut to its ends: D is a bound at any prices. */
static alf_status take_prices(alf_first_order *run, const double *price, alf_error *err)
{
  for (int32_t k = 0; k < run->problem->batch->experts; k++) {
    double scaled = rint(ldexp(price[k], run->problem->batch->grid_bits));
    if (isnan(scaled))
      return alf_fail(err, ALF_ESOLVER, "price of expert %d is not a number", (int)k);
    run->price[k] = (int64_t)fmax(fmin(scaled, price_limit / 2), -price_limit / 2); /* a shift can double it */
  }
  shift_prices(run);
  return ALF_OK;
}

/* What Top-K at the prices is worth: D, exact up to the last rounding to double, and the objective and the loads of the
   routing. */
static void evaluate_prices(alf_first_order *run, alf_progress *progress)
{
  const alf_affinity *batch = run->problem->batch;
  int64_t denominator = alf_problem_denominator(run->problem);
  alf_int128 scores = 0, affinities = 0;
  memset(run->load, 0, (size_t)batch->experts * sizeof *run->load);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    for (int32_t k = 0; k < batch->experts; k++)
      run->score[k] = affinity[k] + run->price[k];
    alf_topk_row(run->score, batch->experts, run->problem->topk, run->chosen);
    for (int32_t j = 0; j < run->problem->topk; j++) {
      scores += run->score[run->chosen[j]];
      affinities += affinity[run->chosen[j]];
      run->load[run->chosen[j]] += 1;
    }
  }
  alf_int128 dual = scores * denominator;
  for (int32_t k = 0; k < batch->experts; k++)
    dual -= (alf_int128)run->price[k] * (run->price[k] > 0 ? run->range[k].lower : run->range[k].upper);
  progress->dual_bound = alf_int128_to_double(dual, batch->grid_bits, (double)denominator);
  progress->objective = alf_int128_to_double(affinities, batch->grid_bits, 1);
}

/* Objective and loads of a T×E iterate; returns Σ_i |Σ_k x_ik − K|. */
static double evaluate_dense(alf_first_order *run, const double *x, alf_progress *progress)
{
  const alf_affinity *batch = run->problem->batch;
  double objective = 0, off = 0;
  memset(run->load, 0, (size_t)batch->experts * sizeof *run->load);
  for (int64_t i = 0; i < batch->tokens; i++, x += batch->experts) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    double sum = 0, value = 0;
    for (int32_t k = 0; k < batch->experts; k++) {
      sum += x[k];
      value += x[k] * (double)affinity[k];
      run->load[k] += x[k];
    }
    objective += value;
    off += fabs(sum - run->problem->topk);
  }
  progress->objective = ldexp(objective, -batch->grid_bits);
  return off;
}

/* The same for a T×K routing with gaps. */
static double evaluate_chosen(alf_first_order *run, const alf_expert *chosen, alf_progress *progress)
{
  const alf_affinity *batch = run->problem->batch;
  int32_t topk = run->problem->topk;
  alf_int128 objective = 0;
  double off = 0;
  memset(run->load, 0, (size_t)batch->experts * sizeof *run->load);
  for (int64_t slot = 0; slot < batch->tokens * topk; slot++) {
    int32_t k = chosen[slot];
    if (k < batch->experts) {
      objective += alf_affinity_row(batch, slot / topk)[k];
      run->load[k] += 1;
    } else {
      off += 1;
    }
  }
  progress->objective = alf_int128_to_double(objective, batch->grid_bits, 1);
  return off;
}

/* Σ_k of how far the load is outside its range. */
static double load_excess(const alf_first_order *run)
{
  double denominator = (double)alf_problem_denominator(run->problem), sum = 0;
  for (int32_t k = 0; k < run->problem->batch->experts; k++) {
    double lower = (double)run->range[k].lower / denominator, upper = (double)run->range[k].upper / denominator;
    sum += fmax(fmax(lower - run->load[k], run->load[k] - upper), 0);
  }
  return sum;
}

static void keep_best(alf_first_order *run, double bound)
{
  if (bound >= run->best_bound)
    return;
  run->best_bound = bound;
  memcpy(run->best_price, run->price, (size_t)run->problem->batch->experts * sizeof *run->price);
}

/* What the method has shown satisfies every constraint. */
static void keep_routing(alf_first_order *run, const alf_expert *chosen, const alf_progress *progress)
{
  size_t slots = (size_t)run->problem->topk * (size_t)run->problem->batch->tokens;
  if (!run->routing || progress->violation > 0 || progress->objective <= run->routing_objective)
    return;
  run->routing_objective = progress->objective;
  memcpy(run->routing, chosen, slots * sizeof *chosen);
}

static alf_status evaluate(alf_first_order *run, const alf_first_order_iterate *iterate, alf_progress *progress,
                           alf_error *err)
{
  alf_status status = take_prices(run, iterate->price, err);
  if (status)
    return status;
  double off = 0;
  evaluate_prices(run, progress);
  if (iterate->x)
    off = evaluate_dense(run, iterate->x, progress);
  else if (iterate->chosen)
    off = evaluate_chosen(run, iterate->chosen, progress);
  double slots = (double)run->problem->topk * (double)run->problem->batch->tokens;
  progress->violation = (load_excess(run) + off) / slots;
  keep_best(run, progress->dual_bound);
  keep_routing(run, iterate->chosen, progress);
  return ALF_OK;
}

/* By the best dual bound: what an earlier iterate proved still holds. */
static bool is_close(const alf_first_order *run, const alf_progress *progress)
{
  double tolerance = run->settings.tolerance, gap = fabs(run->best_bound - progress->objective);
  return gap <= tolerance * fabs(progress->objective) && progress->violation <= tolerance;
}

static void observe(const alf_first_order *run, const alf_progress *progress)
{
  if (run->settings.observe)
    run->settings.observe(run->settings.context, progress);
}

/* Evaluates, publishes and judges the iterate after n iterations, with the clock stopped. */
static alf_status look(alf_first_order *run, int64_t n, bool *close, alf_error *err)
{
  double now = alf_now();
  alf_first_order_iterate iterate = {0};
  alf_progress progress = {.seconds = now - run->started - run->excluded, .iterations = n};
  run->method->view(run, &iterate);
  alf_status status = evaluate(run, &iterate, &progress, err);
  if (status == ALF_OK) {
    *close = is_close(run, &progress);
    observe(run, &progress);
  }
  run->excluded += alf_now() - now;
  return status;
}

static int64_t next_look(int64_t n)
{
  return n + 1 + n / 8;
}

static alf_status iterate_until_close(alf_first_order *run, int64_t *iterations, alf_error *err)
{
  int64_t limit = run->settings.iterations, due = 1;
  bool last = false;
  for (int64_t n = 1; n <= limit && !last; n++) {
    if (alf_deadline_left_ms(run->deadline) == 0)
      return alf_fail(err, ALF_ETIMEOUT, "%s: time limit reached after %lld iterations", run->method->name,
                      (long long)(n - 1));
    alf_status status = run->method->step(run, n, run->deadline, &last, err);
    if (status)
      return status;
    *iterations = n;
    if (n < due && n < limit && !last)
      continue;
    due = next_look(n);
    bool close = false;
    status = look(run, n, &close, err);
    if (status)
      return status;
    last = last || close;
  }
  return ALF_OK;
}

static double objective_of(const alf_first_order *run, const alf_solution *solution)
{
  alf_int128 objective = 0;
  for (int64_t i = 0; i < solution->tokens; i++)
    for (int64_t e = solution->row[i]; e < solution->row[i + 1]; e++)
      objective += (alf_int128)alf_affinity_row(run->problem->batch, i)[solution->expert[e]] * solution->amount[e];
  return alf_int128_to_double(objective, run->problem->batch->grid_bits, (double)solution->denominator);
}

static alf_status append_routing(alf_first_order *run, alf_solution *solution, alf_error *err)
{
  const alf_expert *chosen = run->routing;
  alf_status status = ALF_OK;
  for (int64_t i = 0; i < solution->tokens && !status; i++, chosen += run->problem->topk) {
    memset(run->score, 0, (size_t)solution->experts * sizeof *run->score);
    for (int32_t j = 0; j < run->problem->topk; j++)
      run->score[chosen[j]] = solution->denominator;
    status = alf_solution_append(solution, run->problem->topk, i, run->score, err);
  }
  return status;
}

/* Prices and routing of the solution, and the last record. */
static alf_status finish(alf_first_order *run, alf_solution *solution, alf_error *err)
{
  memcpy(solution->price, run->best_price, (size_t)solution->experts * sizeof *solution->price);
  alf_status status = alf_round_prices(run->problem, run->deadline, solution, err);
  if (!status && objective_of(run, solution) < run->routing_objective)
    status = append_routing(run, solution, err);
  if (!status)
    observe(run, &(alf_progress){.seconds = alf_now() - run->started - run->excluded,
                                 .iterations = solution->iterations,
                                 .objective = objective_of(run, solution),
                                 .dual_bound = run->best_bound});
  return status;
}

alf_status alf_first_order_solve(void *workspace, alf_solution *solution, alf_error *err)
{
  alf_first_order *run = workspace;
  run->started = alf_now();
  run->excluded = 0;
  run->best_bound = (double)INFINITY;
  run->routing_objective = -(double)INFINITY;
  run->deadline = alf_deadline_after(run->settings.timeout, run->settings.stop);
  alf_status status = iterate_until_close(run, &solution->iterations, err);
  return status ? status : finish(run, solution, err);
}
