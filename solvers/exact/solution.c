#include "exact/solution.h"

#include <stdlib.h>

alf_status alf_solution_alloc(alf_solution *solution, const alf_problem *problem, alf_error *err)
{
  *solution = (alf_solution){.tokens = problem->batch->tokens, .experts = problem->batch->experts};
  solution->denominator = alf_problem_denominator(problem);
  solution->room = solution->tokens * problem->topk + (solution->denominator > 1 ? solution->experts : 0);
  solution->row = calloc((size_t)solution->tokens + 1, sizeof *solution->row);
  solution->expert = calloc((size_t)solution->room, sizeof *solution->expert);
  solution->amount = calloc((size_t)solution->room, sizeof *solution->amount);
  solution->price = calloc((size_t)solution->experts, sizeof *solution->price);
  if (solution->row && solution->expert && solution->amount && solution->price)
    return ALF_OK;
  unsigned long long bytes = ((unsigned long long)solution->tokens + 1) * sizeof *solution->row +
                             (unsigned long long)solution->experts * sizeof *solution->price +
                             (unsigned long long)solution->room * (sizeof *solution->expert + sizeof *solution->amount);
  alf_solution_free(solution);
  return alf_fail_memory(err, bytes);
}

void alf_solution_free(alf_solution *solution)
{
  if (!solution)
    return;
  free(solution->row);
  free(solution->expert);
  free(solution->amount);
  free(solution->price);
  *solution = (alf_solution){0};
}

alf_status alf_solution_reserve(alf_solution *solution, int64_t entries, alf_error *err)
{
  if (entries <= solution->room)
    return ALF_OK;
  int64_t room = entries + solution->experts;
  alf_expert *expert = realloc(solution->expert, (size_t)room * sizeof *expert);
  if (expert)
    solution->expert = expert;
  int32_t *amount = realloc(solution->amount, (size_t)room * sizeof *amount);
  if (amount)
    solution->amount = amount;
  if (!expert || !amount)
    return alf_fail_memory(err, (unsigned long long)room * (sizeof *expert + sizeof *amount));
  solution->room = room;
  return ALF_OK;
}

alf_status alf_solution_append(alf_solution *solution, int32_t topk, int64_t i, const int64_t *amount, alf_error *err)
{
  int64_t end = solution->row[i], sum = 0;
  for (int32_t k = 0; k < solution->experts; k++) {
    if (amount[k] == 0)
      continue;
    if (amount[k] < 0 || amount[k] > solution->denominator)
      return alf_fail(err, ALF_ESOLVER, "token %lld: amount of expert %d is %lld, expected 0..%lld", (long long)i,
                      (int)k, (long long)amount[k], (long long)solution->denominator);
    alf_status status = alf_solution_reserve(solution, end + 1, err);
    if (status)
      return status;
    solution->expert[end] = (alf_expert)k;
    solution->amount[end++] = (int32_t)amount[k];
    sum += amount[k];
  }
  solution->row[i + 1] = end;
  if (sum != topk * solution->denominator)
    return alf_fail(err, ALF_ESOLVER, "token %lld: amounts add up to %lld, expected %lld", (long long)i, (long long)sum,
                    (long long)(topk * solution->denominator));
  return ALF_OK;
}

alf_status alf_solution_check_loads(const alf_solution *solution, const alf_problem *problem, int64_t *load,
                                    alf_error *err)
{
  for (int32_t k = 0; k < solution->experts; k++)
    load[k] = 0;
  for (int64_t e = 0; e < solution->row[solution->tokens]; e++)
    load[solution->expert[e]] += solution->amount[e];
  for (int32_t k = 0; k < solution->experts; k++) {
    alf_load_range range = alf_problem_load_range(problem, k);
    if (load[k] < range.lower || load[k] > range.upper)
      return alf_fail(err, ALF_ESOLVER, "expert %d: load is %lld, expected %lld..%lld (units of 1/%lld)", (int)k,
                      (long long)load[k], (long long)range.lower, (long long)range.upper,
                      (long long)solution->denominator);
  }
  return ALF_OK;
}
