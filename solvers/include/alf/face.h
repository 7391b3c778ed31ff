/* The optimal prices of an assignment problem: a polyhedron given by differences, its intervals and its centre. */
#ifndef ALF_FACE_H
#define ALF_FACE_H

#include "alf/solver.h"

/* No arc, and no bound on a difference of prices. */
#define ALF_FACE_NONE INT64_MAX

/* Nodes of the exchange graph: the E experts, and one for the free load (node E, price 0) where experts compete for the
   slots that are left over: ALF_ROUNDED without capacities, E not dividing K·T. */
int32_t alf_exchange_nodes(const alf_problem *problem);

/* Writes the exchange graph of an optimal primal into cost (nodes×nodes, grid units): cost[a·nodes + b] is the smallest
   γ_ia − γ_ib over tokens with x_ia > 0 and x_ib < 1, 0 for a move of free load, ALF_FACE_NONE where nothing can move
   and on the diagonal. Prices p are optimal exactly when p_b − p_a <= cost for all a, b (theory.md C6). One pass over
   the batch, O(T·E·K). Neither problem nor solution is checked: certify them. Errors: ALF_ENOMEM. */
alf_status alf_exchange_costs(const alf_problem *problem, const alf_solution *solution, int64_t *cost, alf_error *err);

/* A slack, sum / length grid units; length 0: as large as one likes. */
typedef struct alf_slack {
  int64_t sum, length;
} alf_slack;

/* Zero-initialise; alf_face_free copes with any state. Groups: the prices of two experts are in one group when their
   difference is the same for all optimal prices; that is so when a cycle of exchanges of weight 0 passes both. */
typedef struct alf_face {
  int32_t experts, nodes; /* E; alf_exchange_nodes */
  int64_t *high;          /* nodes×nodes: [a·nodes + b] is the largest p_b − p_a, grid units, or ALF_FACE_NONE */
  int32_t *group;         /* nodes: the lowest node of its group */
  int32_t groups;
  int64_t *centre; /* E, grid units: an optimal price vector whose smallest slack between groups is floor(slack) */
  alf_slack slack; /* the largest t with p_b − p_a + t <= cost for all arcs between groups: the smallest mean of a cycle
                      of exchanges between groups. Within a group t is 0, so unless groups == nodes the smallest slack
                      of all is 0 */
  bool unique_routing; /* no other routing is optimal */
  bool unique_price;   /* one group: up to a common shift where loads are fixed */
} alf_face;

/* Finds all optimal prices of a problem from one exactly optimal solution (certified, or this is undefined but for
   ALF_EINVAL), of which only the primal is used; the result does not depend on which optimal solution it is. Intervals
   are shortest paths on the exchange graph. Of all price vectors with the largest slack, the centre is the mean, over
   all experts r whose price is bounded, of the midpoints between the highest and the lowest one with p_r fixed, rounded
   down to the grid, which keeps every constraint; so the order of the experts changes it by a common shift only.
   Experts with load 0 or T have a price without lower or upper bound: the centre gives them the nearest price with
   that slack, of one affinity unit where the slack is unbounded. Expert 0 has price 0 where loads are fixed, else the
   free load. O(T·E·K + E³). Settings (may be NULL): timeout and stop only. Zero-initialise *face.
   Errors: ALF_EINVAL when shapes differ or the solution is not optimal, ALF_ERANGE when paths leave 64 bits,
   ALF_ENOMEM, ALF_ETIMEOUT, ALF_EINTERRUPTED; then *face is zeroed. (Theory: C6; smallest cycle mean: Karp 1978.) */
alf_status alf_face_find(const alf_problem *problem, const alf_solution *solution, const alf_solve_settings *settings,
                         alf_face *face, alf_error *err);

/* Safe on NULL. */
void alf_face_free(alf_face *face);

/* All values that p_b − p_a takes at optimal prices, grid units; INT64_MIN and INT64_MAX: no bound. */
typedef struct alf_price_interval {
  int64_t low, high;
} alf_price_interval;

alf_price_interval alf_face_interval(const alf_face *face, int32_t a, int32_t b);

/* How far p_b − p_a is above (positive) or below (negative) its interval, grid units; 0 inside. p holds E grid units,
   each of at most 2^60. */
int64_t alf_face_outside(const alf_face *face, const int64_t *p, int32_t a, int32_t b);

/* Where a shift vector lies. Only its differences count. */
typedef struct alf_face_position {
  int64_t violated;           /* pairs of experts, without order, whose difference lies outside its interval */
  int64_t worst;              /* the farthest that one is outside, grid units, 0: all prices are optimal. Moving every
                                 price by worst/2, and none by more, suffices to make the shift optimal, and less does
                                 not: worst/2 is the distance to the face in the largest norm */
  int32_t expert_a, expert_b; /* p_b − p_a is `worst` above its interval */
  alf_int128 loss; /* D(p) − optimum, in units of 2^-grid_bits / denominator. Where load is free, D is taken
                                 at the common shift at which it is smallest */
} alf_face_position;

/* Places a shift vector p (E grid units) relative to the face of the problem. `solution` is optimal.
   Errors: ALF_ERANGE when |p_k| > 2^60, those of alf_certify. */
alf_status alf_face_place(const alf_face *face, const alf_problem *problem, const alf_solution *solution,
                          const int64_t *p, alf_face_position *position, alf_error *err);

#endif
