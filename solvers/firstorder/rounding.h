/* From prices to a routing that satisfies every constraint exactly. */
#ifndef ALF_FIRSTORDER_ROUNDING_H
#define ALF_FIRSTORDER_ROUNDING_H

#include "alf/problem.h"
#include "core/deadline.h"

/* Top-K at solution->price, then exchanges: in rounds every token proposes the cheapest move, by score, from an expert
   above its load to one below it, and proposals are accepted cheapest first while both are still off. When nobody can
   move directly, one amount moves along a path of exchanges with the fewest experts. At most E + K rounds between two
   paths, each O(T·(E + log T)). Where the load is free, the experts with the lowest prices get the larger one.
   Memory: T×E 16-bit amounts. Writes the entries of an allocated solution, not its prices.
   Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_round_prices(const alf_problem *problem, alf_deadline deadline, alf_solution *solution, alf_error *err);

#endif
