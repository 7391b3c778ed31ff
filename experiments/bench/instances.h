/* The instances that exact solvers are measured on. */
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
  alf_affinity batch; /* dyadic */
} alf_bench_instance;

/* Opens and closes the inputs on the command line, so that what is wrong with them is said before minutes are spent on
   others. Errors: those of alf_cli_open. */
alf_status alf_bench_check_inputs(const alf_cli_options *options, alf_error *err);

/* Builds one instance after the other and calls visit on each; its batch is gone afterwards. Errors: those of reading,
   and of visit. */
typedef alf_status (*alf_bench_visit)(void *context, const alf_bench_instance *instance, alf_error *err);

/* Softmax of several sizes, hard families, then the inputs on the command line, else the shipped traces: the layers of
   each file one by one, of a stream all tokens as one problem. --quick: fewer and smaller ones. */
alf_status alf_bench_each_instance(const alf_cli_options *options, alf_bench_visit visit, void *context,
                                   alf_error *err);

/* Those on which thread counts are compared. */
alf_status alf_bench_each_large(const alf_cli_options *options, alf_bench_visit visit, void *context, alf_error *err);

#endif
