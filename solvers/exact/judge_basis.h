/* The basis of the assignment LP that an optimal solution implies. Knows nothing of GLPK. */
#ifndef ALF_EXACT_JUDGE_BASIS_H
#define ALF_EXACT_JUDGE_BASIS_H

#include <stdbool.h>

#include "alf/problem.h"
#include "core/deadline.h"

/* T + E of the LP's variables: a spanning tree over tokens, experts and one root, to which an expert hangs by the load
   of its row. At optimal prices every edge of the tree has reduced cost 0, and every amount strictly between its bounds
   is an edge of it: the basis is primal and dual feasible, and triangular, as trees are. Zero-initialise before use. */
typedef struct alf_judge_basis {
  const alf_problem *problem;
  const alf_solution *solution; /* satisfies all constraints */
  int32_t *amount;              /* of each entry of the solution, moved to a vertex: 0..denominator */
  int64_t *price;               /* E: moved to a vertex of the face of optimal prices, grid units */
  int64_t *load;                /* E, in units of 1/denominator */
  int64_t *first;               /* T+1 offsets into basic */
  alf_expert *basic;            /* the basic cells, token by token, at least one each */
  bool *free_row;               /* E: the load of the expert is basic */
  int64_t *score;               /* E: γ + price of the token last read, */
  int32_t *dense;               /* E: and its amounts */
} alf_judge_basis;

/* Takes memory and finds the basis. Of a solution that is not optimal too, but it is not dual feasible then.
   Errors: ALF_ERANGE for a price of 2^59 units or more; ALF_ENOMEM; ALF_ETIMEOUT. */
alf_status alf_judge_basis_find(alf_judge_basis *basis, const alf_problem *problem, const alf_solution *solution,
                                alf_deadline deadline, alf_error *err);

/* Safe on a zeroed struct and on a half-built one. */
void alf_judge_basis_free(alf_judge_basis *basis);

/* Fills score and dense for token i, and returns its threshold: the smallest score of a cell that it uses, which at
   optimal prices no cell that it does not use up exceeds. */
int64_t alf_judge_read_token(alf_judge_basis *basis, int64_t i);

/* ALF_ETIMEOUT when the deadline is over. */
alf_status alf_judge_check_deadline(alf_deadline deadline, alf_error *err);

/* Moves the amounts along cycles of cells strictly between their bounds until there is none: such cells are then a
   forest. The objective of an optimal solution stays, as all cells of a cycle are tied; that of another does not rise.
   Errors: ALF_ENOMEM. */
alf_status alf_judge_to_vertex(const alf_affinity *batch, const alf_solution *solution, int32_t *amount,
                               alf_error *err);

#endif
