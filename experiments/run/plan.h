/* The cells of a config: the product of the values of all keys, in the order of the kind's keys, the last one and then
   the repetition running fastest; behind them those of each [also]. */
#ifndef ALF_RUN_PLAN_H
#define ALF_RUN_PLAN_H

#include "run/config.h"

#define ALF_MOST_CELLS 1000000

typedef struct alf_plan_cell {
  int64_t repetition;
  int grid;                  /* 0: of [experiment]; 1, 2, …: of an [also] */
  uint64_t seed;             /* 0 where none has an effect */
  char key[ALF_DIGEST_TEXT]; /* digest of kind, settings, seed and what is in the files they name: not of the code */
} alf_plan_cell;

/* Zero-initialise; alf_plan_free copes with any state. */
typedef struct alf_plan {
  const alf_config *config; /* outlives the plan */
  int64_t cells;
  alf_plan_cell *cell;
  int32_t *place;               /* cells × keys: which value of each key */
  char code[ALF_DIGEST_TEXT];   /* of the sources that the kind's results depend on */
  char digest[ALF_DIGEST_TEXT]; /* of name, title, code and cells: what the store knows the experiment by */
} alf_plan;

/* A cell on a source that no seed changes is there once, whatever the repetitions; one of [also] that was there
   before is there once, too. Every cell is checked by its kind.
   Errors: ALF_EFORMAT for more than ALF_MOST_CELLS and for what the check calls ALF_EINVAL, its others, with the cell;
   ALF_ENOMEM. */
alf_status alf_plan_make(alf_plan *plan, const alf_config *config, alf_error *err);
void alf_plan_free(alf_plan *plan);

/* What cell number c is told, but for its folder. `setting` has room for the config's keys. */
alf_experiment_cell alf_plan_cell_at(const alf_plan *plan, int64_t c, alf_named *setting);

/* "KEY = VALUE, …" of the keys that have several values, and the repetition where there are several. */
void alf_plan_describe(const alf_plan *plan, int64_t c, char *text, size_t size);

/* The seed of a cell: Philox, keyed by the root seed, at (digest of the source's text, repetition). Below 2^52. */
uint64_t alf_cell_seed(uint64_t root, const char *source, int64_t repetition);

#endif
