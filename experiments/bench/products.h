/* The matrix products of a training step, done again by OpenBLAS alone. */
#ifndef ALF_BENCH_PRODUCTS_H
#define ALF_BENCH_PRODUCTS_H

#include "alf/status.h"
#include "moe/gemm.h"

/* Zero-initialise. */
typedef struct alf_bench_products {
  alf_gemm_shape *shape;
  int64_t count;
  double operations;  /* of all */
  float *a, *b, *out; /* room for the largest operands: the same for all products, so that they are in the cache if they
                         fit it */
} alf_bench_products;

/* Takes over the log's shapes. Errors: ALF_ENOMEM. */
alf_status alf_bench_products_alloc(alf_bench_products *products, alf_gemm_log *log, uint64_t seed, alf_error *err);

/* Does all products once, in their order. Returns the seconds that kept this thread busy: on a machine with other work, too,
   that is what it takes on one without. */
double alf_bench_products_run(const alf_bench_products *products);

/* Whether OpenBLAS gets each of them right, where a few numbers of each are looked at: some kernels of some versions do
   not. A wrong one is put to *wrong. */
bool alf_bench_products_right(const alf_bench_products *products, alf_gemm_shape *wrong);

/* Safe on a zeroed struct. */
void alf_bench_products_free(alf_bench_products *products);

#endif
