#include "alf/problem.h"

#include "alf/parallel.h"
#include "core/hot.h"

/* Below this, sums of E differences and a double's 53 bits are both safe; alf_affinity_convert guarantees it. */
static const int64_t cell_limit = INT64_C(1) << (ALF_GRID_BITS + 1);

enum {
  BLOCKS = 64,
  PARALLEL_CELLS = 1 << 20, /* from which on threads pay */
};

/* Cells outside the limit, looked for in blocks of cells. */
typedef struct cell_search {
  const int64_t *cell;
  int64_t cells;
  int64_t first[BLOCKS]; /* the first one of each block, or `cells` */
} cell_search;

ALF_HOT static bool fits(const int64_t *cell, int64_t count)
{
  int64_t outside = 0;
  for (int64_t c = 0; c < count; c++)
    outside |= (cell[c] <= -cell_limit) | (cell[c] >= cell_limit);
  return !outside;
}

static void search_block(void *context, int64_t block)
{
  cell_search *s = context;
  int64_t c = s->cells / BLOCKS * block, end = block + 1 < BLOCKS ? s->cells / BLOCKS * (block + 1) : s->cells;
  for (int64_t n = 4096; c < end && fits(s->cell + c, n < end - c ? n : end - c);)
    c += n;
  while (c < end && fits(s->cell + c, 1))
    c++;
  s->first[block] = c < end ? c : s->cells;
}

static alf_status check_cells(const alf_affinity *batch, int threads, alf_error *err)
{
  cell_search s = {batch->values, batch->tokens * batch->experts, {0}};
  alf_parallel_for(BLOCKS, s.cells < PARALLEL_CELLS ? 1 : threads, search_block, &s);
  for (int64_t block = 0; block < BLOCKS; block++)
    if (s.first[block] < s.cells)
      return alf_fail(err, ALF_ERANGE,
                      "affinity of token %lld for expert %d is %lld grid units: expected |value| < 2^%d",
                      (long long)(s.first[block] / batch->experts), (int)(s.first[block] % batch->experts),
                      (long long)s.cell[s.first[block]], ALF_GRID_BITS + 1);
  return ALF_OK;
}

static alf_status check_capacities(const alf_problem *problem, alf_error *err)
{
  int64_t tokens = problem->batch->tokens, slots = problem->topk * tokens, sum = 0;
  for (int32_t k = 0; k < problem->batch->experts; k++) {
    int64_t capacity = problem->capacity[k];
    if (capacity < 0 || capacity > tokens)
      return alf_fail(err, ALF_EINVAL, "capacity of expert %d is %lld: expected 0..%lld, the number of tokens", (int)k,
                      (long long)capacity, (long long)tokens);
    sum += capacity;
  }
  if (sum != slots)
    return alf_fail(err, ALF_EINVAL, "capacities add up to %lld: expected K*T = %lld", (long long)sum,
                    (long long)slots);
  return ALF_OK;
}

alf_status alf_problem_check(const alf_problem *problem, alf_error *err)
{
  return alf_problem_check_on(problem, 1, err);
}

alf_status alf_problem_check_on(const alf_problem *problem, int threads, alf_error *err)
{
  if (!problem || !problem->batch || !problem->batch->values)
    return alf_fail(err, ALF_EINVAL, "problem: expected a batch of affinities, got none");
  if (problem->batch->dtype != ALF_DYADIC)
    return alf_fail(err, ALF_EINVAL, "problem: dtype of the batch is %d, expected ALF_DYADIC (%d)",
                    (int)problem->batch->dtype, (int)ALF_DYADIC);
  if (problem->kind != ALF_FRACTIONAL && problem->kind != ALF_ROUNDED)
    return alf_fail(err, ALF_EINVAL, "problem: kind is %d, expected ALF_FRACTIONAL or ALF_ROUNDED", (int)problem->kind);
  alf_status status = alf_check_topk(problem->batch, problem->topk, err);
  if (!status && problem->capacity)
    status = check_capacities(problem, err);
  return status ? status : check_cells(problem->batch, threads, err);
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

int64_t alf_problem_denominator(const alf_problem *problem)
{
  if (problem->kind == ALF_ROUNDED || problem->capacity)
    return 1;
  int64_t experts = problem->batch->experts;
  return experts / greatest_common_divisor(problem->topk * problem->batch->tokens, experts);
}

alf_load_range alf_problem_load_range(const alf_problem *problem, int32_t k)
{
  if (problem->capacity)
    return (alf_load_range){problem->capacity[k], problem->capacity[k]};
  int64_t experts = problem->batch->experts;
  int64_t slots = problem->topk * problem->batch->tokens, fixed = slots / greatest_common_divisor(slots, experts);
  if (problem->kind == ALF_FRACTIONAL)
    return (alf_load_range){fixed, fixed};
  return (alf_load_range){slots / experts, slots / experts + (slots % experts != 0)};
}

int64_t alf_problem_target(const alf_problem *problem, int32_t k)
{
  return problem->capacity ? problem->batch->experts * problem->capacity[k] : problem->topk * problem->batch->tokens;
}

bool alf_problem_has_free_load(const alf_problem *problem)
{
  return problem->kind == ALF_ROUNDED && !problem->capacity;
}
