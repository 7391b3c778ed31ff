/* What alflab bench --group train prints. */
#ifndef ALF_BENCH_TRAIN_TABLE_H
#define ALF_BENCH_TRAIN_TABLE_H

#include "moe/config.h"
#include "moe/gemm.h"

/* Of one number of threads. */
typedef struct alf_train_pace {
  int threads;
  int runs;
  double seconds;             /* of a step, the fastest */
  double processor;           /* seconds that all threads were busy in a step, the least */
  double part[ALF_MOE_PARTS]; /* seconds of all threads in that step */
  double optimum;             /* seconds of all threads for the exact optima of a batch, the fastest */
  bool differs;               /* from the first */
} alf_train_pace;

/* Of a model. */
typedef struct alf_train_outcome {
  const char *name;
  const alf_moe_shape *shape;
  int64_t products;
  double operations;         /* of the products of a step */
  double products_processor; /* seconds that they alone keep one thread busy, the least */
  alf_train_pace pace[2];
  bool wrong; /* OpenBLAS gets a product wrong: the next one */
  alf_gemm_shape wrong_shape;
} alf_train_outcome;

void alf_train_print_head(void);
void alf_train_print_row(const alf_train_outcome *outcome);
void alf_train_print_shares_head(void);
void alf_train_print_shares(const alf_train_outcome *outcome);

#endif
