/* Cells of two stores, paired by what they are: kind, settings, repetition and seed, whatever the code that ran them and
   whatever is in the files that they name. A rule in a file counts by the file's name without its folder. */
#ifndef ALF_RUN_PAIRS_H
#define ALF_RUN_PAIRS_H

#include "run/judged.h"

/* One cell that was run in both. Texts and results belong to the pairs. */
typedef struct alf_pair {
  const char *experiment, *kind, *subject; /* experiment: what base calls it; subject: rule or solver */
  const char *identity;                    /* a digest of what pairs are made by */
  const alf_result *base, *fresh;
} alf_pair;

/* What a store has. */
typedef struct alf_pairs_side {
  int64_t cells;       /* that were run, each counted once: of several versions the one that was run last stands */
  const char *commit;  /* of the one that was run last of all; "" */
  const char *started; /* when; "" */
  alf_store_entries entries;
  alf_results *results;
} alf_pairs_side;

/* Zero-initialise; alf_pairs_free copes with any state. */
typedef struct alf_pairs {
  alf_memory memory;
  alf_pairs_side base, fresh;
  int64_t count, files_differ; /* pairs; in how many files lie elsewhere or have other contents */
  alf_pair *pair;              /* in the order of experiment, subject, and what else they are */
} alf_pairs;

/* Reads all experiments of both. Errors: those of alf_results_read; ALF_ENOMEM. */
alf_status alf_pairs_read(alf_pairs *pairs, const alf_store *base, const alf_store *fresh, alf_error *err);

void alf_pairs_free(alf_pairs *pairs);

#endif
