/* The tables of the group iterate. */
#ifndef ALF_BENCH_ITERATE_TABLE_H
#define ALF_BENCH_ITERATE_TABLE_H

#include "bench/race.h"

enum { ALF_BENCH_TYPES = 3, ALF_BENCH_KERNELS = 4 };

/* Where the racers of a row stand in their race; -1: not there. Types in the order of alf_dtype. */
typedef struct alf_iterate_places {
  int reading[ALF_BENCH_TYPES], maxima[ALF_BENCH_TYPES];
  int insertion;                                  /* float32 */
  int kernel[ALF_BENCH_TYPES][ALF_BENCH_KERNELS]; /* eager, in the order of alf_route_kernels */
  int step[ALF_BENCH_TYPES];                      /* the fastest kernel that runs here: one of these */
  int two[ALF_BENCH_TYPES];                       /* the same on two threads */
  int lazy[ALF_BENCH_TYPES];
} alf_iterate_places;

/* "exact", "differs", or "" for what is not compared. */
const char *alf_iterate_agreement(const alf_bench_racer *racer);

void alf_iterate_print_steps_head(void);
void alf_iterate_print_steps_row(const char *instance, const alf_bench_race *race, const alf_iterate_places *at);

void alf_iterate_print_runs_head(int threads);
void alf_iterate_print_runs_row(const char *instance, const alf_bench_race *race, const alf_iterate_places *at);

#endif
