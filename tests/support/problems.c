#include "support.h"

#include "exact/solution.h"
#include "problems.h"

alf_affinity alf_test_grid(int64_t tokens, int32_t experts, int32_t grid_bits, const int64_t *cells)
{
  return (alf_affinity){
      .dtype = ALF_DYADIC, .tokens = tokens, .experts = experts, .grid_bits = grid_bits, .values = cells};
}

void alf_test_solution(alf_solution *solution, const alf_problem *problem, const int *amounts, const int64_t *prices)
{
  alf_error err = {0};
  assert_ok(alf_solution_alloc(solution, problem, &err), &err);
  int64_t end = 0;
  for (int64_t i = 0; i < solution->tokens; i++) {
    for (int32_t k = 0; k < solution->experts; k++) {
      int amount = amounts[i * solution->experts + k];
      if (!amount)
        continue;
      assert_ok(alf_solution_reserve(solution, end + 1, &err), &err);
      solution->expert[end] = (alf_expert)k;
      solution->amount[end++] = amount;
    }
    solution->row[i + 1] = end;
  }
  for (int32_t k = 0; k < solution->experts; k++)
    solution->price[k] = prices[k];
}
