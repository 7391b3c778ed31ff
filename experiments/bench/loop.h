/* What the iteration is measured against: reading the batch, and plain loops that do the same steps. */
#ifndef ALF_BENCH_LOOP_H
#define ALF_BENCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/schedule.h"

/* Reads `bytes` bytes (multiples of 256 of them) once, in order, in the widest vectors that run here, and returns the
   exclusive or of them all. */
uint64_t alf_bench_read(const void *values, size_t bytes);

/* How a token's K largest scores are found. */
typedef enum alf_bench_select {
  ALF_BENCH_MAXIMA,   /* the largest of all, K times */
  ALF_BENCH_INSERTION /* by insertion into a sorted list of K */
} alf_bench_select;

/* Steps of the sign rule, p_k += u factor(n) sign(L − A_k), as one writes them down first; shares no code with the
   library. Opaque. */
typedef struct alf_bench_loop alf_bench_loop;

/* What is read from outside. */
typedef struct alf_bench_steps {
  const alf_schedule *schedule; /* without parameters */
  double u;
  int32_t topk;
} alf_bench_steps;

/* Takes memory, and routes with p = 0: iterate 0. The batch must stay alive. Errors: ALF_ENOMEM. */
alf_status alf_bench_loop_alloc(alf_bench_loop **loop, const alf_affinity *batch, const alf_bench_steps *steps,
                                alf_bench_select select, alf_error *err);

void alf_bench_loop_step(alf_bench_loop *loop);

/* The current selection (alf/routing.h) and its loads, E. */
const uint64_t *alf_bench_loop_chosen(const alf_bench_loop *loop);
const int64_t *alf_bench_loop_load(const alf_bench_loop *loop);

/* Safe on NULL. */
void alf_bench_loop_free(alf_bench_loop *loop);

#endif
