#include <math.h>
#include <stdlib.h>

#include "alf/solver.h"
#include "core/deadline.h"
#include "exact/solution.h"

/* The reference of the tests: it shares no idea with the other solvers. Tokens come one by one; the state is the load
   vector so far, and every way to spend a token's K slots leads on to another state. Exact in integers. */

enum { NOT_REACHED = -1 };

static const int64_t work_limit = 20000000; /* tokens × states × options */

struct workspace {
  const alf_problem *problem;
  alf_deadline deadline;
  int64_t denominator;
  alf_load_range *range; /* E */
  int64_t states, options;
  int32_t *option;      /* options × E: the amounts */
  alf_int128 *value[2]; /* states: the best so far, before and after the current token */
  int32_t *choice;      /* T × states: the option that led there, or NOT_REACHED */
  int64_t *load;        /* E */
  int64_t *amount;      /* E */
  int64_t *reach;       /* E + 1: what a token can have of expert k and all behind it */
};

/* The largest amount that a token can have of expert k. */
static int64_t most_of(const alf_problem *problem, int32_t k)
{
  int64_t denominator = alf_problem_denominator(problem), upper = alf_problem_load_range(problem, k).upper;
  return upper < denominator ? upper : denominator;
}

/* How many ways there are to spend a token's slots; work_limit + 1 when there are more. States are counted first, and
   leave at most 25 experts whose load is not 0, and a sum of 600. */
static int64_t count_options(const alf_problem *problem)
{
  int64_t ways[1024] = {1}, sum = problem->topk * alf_problem_denominator(problem);
  if (sum >= (int64_t)(sizeof ways / sizeof *ways))
    return work_limit + 1;
  for (int32_t k = 0; k < problem->batch->experts; k++)
    for (int64_t s = sum, most = most_of(problem, k); s >= 0; s--)
      for (int64_t amount = 1; amount <= most && amount <= s; amount++) {
        ways[s] += ways[s - amount];
        ways[s] = ways[s] < work_limit ? ways[s] : work_limit + 1;
      }
  return ways[sum];
}

/* Load vectors: the last expert's load follows from the others. work_limit + 1 when there are more. */
static int64_t count_states(const alf_problem *problem)
{
  int64_t states = 1;
  for (int32_t k = 0; k < problem->batch->experts - 1 && states <= work_limit; k++)
    states *= alf_problem_load_range(problem, k).upper + 1;
  return states < work_limit ? states : work_limit + 1;
}

static alf_status can(const alf_problem *problem, alf_error *err)
{
  int64_t states = count_states(problem), tokens = problem->batch->tokens;
  if (states <= work_limit / tokens && count_options(problem) <= work_limit / (states * tokens))
    return ALF_OK;
  return alf_fail(err, ALF_EUNSUPPORTED,
                  "enumerate: %lld tokens x %d experts, top-%d, denominator %lld: expected at most %lld tokens x load "
                  "vectors x ways to route a token",
                  (long long)tokens, (int)problem->batch->experts, (int)problem->topk,
                  (long long)alf_problem_denominator(problem), (long long)work_limit);
}

static double estimate(const alf_problem *problem)
{
  int64_t states = count_states(problem);
  if (states > work_limit)
    return (double)INFINITY;
  return 5e-9 * (double)problem->batch->tokens * (double)states * (double)count_options(problem);
}

static void free_workspace(void *workspace)
{
  struct workspace *w = workspace;
  if (!w)
    return;
  free(w->range);
  free(w->option);
  free(w->value[0]);
  free(w->value[1]);
  free(w->choice);
  free(w->load);
  free(w->amount);
  free(w->reach);
  free(w);
}

/* Appends to *row every way to complete amounts[0..k) by `sum`; no way is followed that has no end. */
static int32_t *list_options(struct workspace *w, int32_t k, int64_t sum, int32_t *row)
{
  int32_t experts = w->problem->batch->experts;
  if (sum < 0 || sum > w->reach[k])
    return row;
  if (k == experts) {
    for (int32_t j = 0; j < experts; j++)
      *row++ = (int32_t)w->amount[j];
    return row;
  }
  for (int64_t amount = 0, most = w->reach[k] - w->reach[k + 1]; amount <= most; amount++) {
    w->amount[k] = amount;
    row = list_options(w, k + 1, sum - amount, row);
  }
  return row;
}

static alf_status fill_workspace(struct workspace *w, alf_error *err)
{
  size_t experts = (size_t)w->problem->batch->experts;
  size_t cells = (size_t)w->options * experts, choices = (size_t)(w->states * w->problem->batch->tokens);
  w->range = malloc(experts * sizeof *w->range);
  w->option = malloc(cells * sizeof *w->option);
  w->value[0] = malloc((size_t)w->states * sizeof *w->value[0]);
  w->value[1] = malloc((size_t)w->states * sizeof *w->value[1]);
  w->choice = malloc(choices * sizeof *w->choice);
  w->load = calloc(experts, sizeof *w->load);
  w->amount = calloc(experts, sizeof *w->amount);
  w->reach = calloc(experts + 1, sizeof *w->reach);
  if (!w->range || !w->option || !w->value[0] || !w->value[1] || !w->choice || !w->load || !w->amount || !w->reach)
    return alf_fail_memory(err, (cells + choices) * sizeof *w->option + 2 * (size_t)w->states * sizeof *w->value[0]);
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    w->range[k] = alf_problem_load_range(w->problem, k);
  for (int32_t k = w->problem->batch->experts; k-- > 0;)
    w->reach[k] = w->reach[k + 1] + most_of(w->problem, k);
  list_options(w, 0, w->problem->topk * w->denominator, w->option);
  return ALF_OK;
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  struct workspace *w = calloc(1, sizeof *w);
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->problem = problem;
  w->deadline = alf_deadline_after(settings->timeout, settings->stop);
  w->denominator = alf_problem_denominator(problem);
  w->states = count_states(problem);
  w->options = count_options(problem);
  alf_status status = fill_workspace(w, err);
  if (status)
    free_workspace(w);
  else
    *workspace = w;
  return status;
}

/* State number of the load vector, least expert first: a number whose digit k runs to the largest load of expert k. */
static int64_t encode(const struct workspace *w, const int64_t *load)
{
  int64_t state = 0;
  for (int32_t k = w->problem->batch->experts - 2; k >= 0; k--)
    state = state * (w->range[k].upper + 1) + load[k];
  return state;
}

/* The load vector after `tokens` tokens. */
static void decode(const struct workspace *w, int64_t state, int64_t tokens, int64_t *load)
{
  int32_t last = w->problem->batch->experts - 1;
  load[last] = tokens * w->problem->topk * w->denominator;
  for (int32_t k = 0; k < last; k++) {
    load[k] = state % (w->range[k].upper + 1);
    load[last] -= load[k];
    state /= w->range[k].upper + 1;
  }
}

/* Adds or takes away an option; whether all loads then lie in 0..upper. */
static bool shift_load(const struct workspace *w, int64_t option, int64_t sign, int64_t *load)
{
  const int32_t *amount = w->option + option * w->problem->batch->experts;
  bool fits = true;
  for (int32_t k = 0; k < w->problem->batch->experts; k++) {
    load[k] += sign * amount[k];
    fits = fits && load[k] >= 0 && load[k] <= w->range[k].upper;
  }
  return fits;
}

static alf_int128 worth(const struct workspace *w, int64_t i, int64_t option)
{
  const int64_t *affinity = alf_affinity_row(w->problem->batch, i);
  const int32_t *amount = w->option + option * w->problem->batch->experts;
  alf_int128 sum = 0;
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    sum += (alf_int128)affinity[k] * amount[k];
  return sum;
}

/* All states after token i from all states before it. */
static void add_token(struct workspace *w, int64_t i)
{
  const alf_int128 *before = w->value[i % 2];
  alf_int128 *after = w->value[(i + 1) % 2];
  const int32_t *reached = i > 0 ? w->choice + (i - 1) * w->states : NULL;
  int32_t *choice = w->choice + i * w->states;
  for (int64_t s = 0; s < w->states; s++)
    choice[s] = NOT_REACHED;
  for (int64_t option = 0; option < w->options; option++) {
    alf_int128 gain = worth(w, i, option);
    for (int64_t s = 0; s < (i > 0 ? w->states : 1); s++) {
      if (reached && reached[s] == NOT_REACHED)
        continue;
      decode(w, s, i, w->load);
      if (!shift_load(w, option, 1, w->load))
        continue;
      int64_t t = encode(w, w->load);
      if (choice[t] == NOT_REACHED || before[s] + gain > after[t]) {
        after[t] = before[s] + gain;
        choice[t] = (int32_t)option;
      }
    }
  }
}

/* The best last state whose loads are all in range. There is one: both problems always have a solution. */
static int64_t best_end(const struct workspace *w)
{
  int64_t tokens = w->problem->batch->tokens, best = NOT_REACHED;
  const int32_t *reached = w->choice + (tokens - 1) * w->states;
  const alf_int128 *value = w->value[tokens % 2];
  for (int64_t s = 0; s < w->states; s++) {
    if (reached[s] == NOT_REACHED)
      continue;
    bool in_range = true;
    decode(w, s, tokens, w->load);
    for (int32_t k = 0; k < w->problem->batch->experts; k++)
      in_range = in_range && w->load[k] >= w->range[k].lower;
    if (in_range && (best == NOT_REACHED || value[s] > value[best]))
      best = s;
  }
  return best;
}

/* Walks back from the end, which leaves the option of token i in the first cell of its row of choices. */
static void trace_back(struct workspace *w, int64_t state)
{
  for (int64_t i = w->problem->batch->tokens - 1; i >= 0; i--) {
    int32_t option = w->choice[i * w->states + state];
    decode(w, state, i + 1, w->load);
    shift_load(w, option, -1, w->load);
    state = encode(w, w->load);
    w->choice[i * w->states] = option;
  }
}

static alf_status write_rows(struct workspace *w, alf_solution *solution, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int64_t i = 0; i < solution->tokens && !status; i++) {
    const int32_t *amount = w->option + (int64_t)w->choice[i * w->states] * solution->experts;
    for (int32_t k = 0; k < solution->experts; k++)
      w->amount[k] = amount[k];
    status = alf_solution_append(solution, w->problem->topk, i, w->amount, err);
  }
  return status;
}

static alf_status solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  w->value[0][0] = 0;
  for (int64_t i = 0; i < solution->tokens; i++) {
    if (alf_deadline_left_ms(w->deadline) == 0)
      return alf_fail(err, ALF_ETIMEOUT, "enumerate: time limit reached after %lld tokens", (long long)i);
    add_token(w, i);
  }
  int64_t end = best_end(w);
  if (end == NOT_REACHED)
    return alf_fail(err, ALF_ESOLVER, "enumerate: no load vector is in range");
  trace_back(w, end);
  alf_status status = write_rows(w, solution, err);
  return status ? status : alf_exchange_prices(w->problem, solution, err);
}

const alf_solver alf_solver_enumerate = {
    .name = "enumerate",
    .summary = "dynamic programme over tokens and load vectors; tiny instances, the reference of the tests",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
