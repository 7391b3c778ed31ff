/* Random tiny problems of every kind and all their optimal routings. Include after support.h. */
#ifndef ALF_TEST_TINY_H
#define ALF_TEST_TINY_H

#include "alf/problem.h"

enum { ALF_TINY_TOKENS = 4, ALF_TINY_EXPERTS = 4, ALF_TINY_CELLS = ALF_TINY_TOKENS * ALF_TINY_EXPERTS };

/* Cells are 0..levels−1 grid units of 1. The problem points into the struct: it cannot be copied. */
typedef struct alf_tiny {
  int64_t cells[ALF_TINY_CELLS], capacity[ALF_TINY_EXPERTS], levels;
  alf_affinity batch;
  alf_problem problem;
} alf_tiny;

/* A number 0..count−1, a hash of seed and `what`. */
int64_t alf_tiny_draw(uint64_t seed, uint64_t what, int64_t count);

/* Seeds are fractional, rounded, and with capacities (0 and T among them) by turns. */
void alf_tiny_build(alf_tiny *tiny, uint64_t seed);

/* What enumeration of all routings in units of 1/denominator finds. */
typedef struct alf_tiny_routings {
  int64_t best;  /* optimum in units of 1/denominator */
  int64_t count; /* optimal routings */
  /* T×E amounts of the first and the last of them in lexical order, which are vertices, and of one between. */
  int first[ALF_TINY_CELLS], middle[ALF_TINY_CELLS], last[ALF_TINY_CELLS];
} alf_tiny_routings;

void alf_tiny_enumerate(const alf_tiny *tiny, alf_tiny_routings *routings);

#endif
