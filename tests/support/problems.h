/* Small assignment problems and solutions written out by hand. Include after support.h. */
#ifndef ALF_TEST_PROBLEMS_H
#define ALF_TEST_PROBLEMS_H

#include "alf/problem.h"

/* A view of T×E integers as a dyadic batch in units of 2^-grid_bits. */
alf_affinity alf_test_grid(int64_t tokens, int32_t experts, int32_t grid_bits, const int64_t *cells);

/* Allocates `solution` for the problem and fills it with T×E dense amounts, also more than a vertex has, and E prices.
   The caller frees. */
void alf_test_solution(alf_solution *solution, const alf_problem *problem, const int *amounts, const int64_t *prices);

#endif
