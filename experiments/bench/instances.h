/* The instances that groups measure on. */
#ifndef ALF_BENCH_INSTANCES_H
#define ALF_BENCH_INSTANCES_H

#include "alf/affinity.h"
#include "cli/options.h"

#define ALF_BENCH_NAME 200

/* Entrants beside exchange. */
enum { ALF_BENCH_WARM = 1, ALF_BENCH_LEMON = 2, ALF_BENCH_CLP = 4, ALF_BENCH_SIMPLEX = 8 };

typedef struct alf_bench_instance {
  char name[ALF_BENCH_NAME]; /* for tables */
  int32_t topk;
  unsigned against;   /* ALF_BENCH_… */
  alf_affinity batch; /* of the tour's type */
} alf_bench_instance;

/* A family with its parameters but for the shape. */
typedef struct alf_bench_synthetic {
  const char *family, *parameters; /* parameters: "" or "NAME=VALUE,…" */
  int tokens, experts, topk;
  int quick_tokens; /* with --quick; 0: not at all */
  unsigned against;
} alf_bench_synthetic;

typedef alf_status (*alf_bench_visit)(void *context, const alf_bench_instance *instance, alf_error *err);

/* Who gives instances and who takes them. */
typedef struct alf_bench_tour {
  const alf_cli_options *options;
  alf_dtype dtype; /* ALF_DYADIC, or ALF_FLOAT32: each number rounded once */
  alf_bench_visit visit;
  void *context;
} alf_bench_tour;

/* Opens and closes the inputs on the command line, so that what is wrong with them is said before minutes are spent on
   others. Errors: those of alf_cli_open. */
alf_status alf_bench_check_inputs(const alf_cli_options *options, alf_error *err);

/* Both build one instance after the other and call visit on each; its batch is gone afterwards. Errors: those of
   reading, ALF_ERANGE for what single precision cannot hold, and those of visit. */

/* --quick: those with quick_tokens, of that size. */
alf_status alf_bench_each_synthetic(const alf_bench_tour *tour, const alf_bench_synthetic *table, size_t count,
                                    alf_error *err);

/* The inputs on the command line, else the shipped traces: the layers of each file one by one, of a stream (more than 8
   batches) all tokens as one problem. */
alf_status alf_bench_each_input(const alf_bench_tour *tour, alf_error *err);

#endif
