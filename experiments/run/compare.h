/* What became better and what worse between two runs of the same cells. */
#ifndef ALF_RUN_COMPARE_H
#define ALF_RUN_COMPARE_H

#include "alf/growth.h"
#include "run/pairs.h"

/* In the order of a table. */
typedef enum alf_change { ALF_WORSE, ALF_UNDECIDED, ALF_BETTER, ALF_UNCHANGED, ALF_CHANGES } alf_change;

/* "worse", "undecided", "better", "unchanged". */
const char *alf_change_name(alf_change change);

/* One metric of the cells of one experiment and one rule or solver. Texts belong to the comparison. */
typedef struct alf_compared {
  const char *experiment, *kind, *subject, *metric;
  const alf_judged *judged; /* NULL: the row "cells", of cells that were done and now fail */
  int64_t cells;            /* in which it is known in both; */
  int64_t up, down;         /* worse in so many of them, better in so many; in the others it is the same to the bit */
  int64_t unknown;          /* known in one only */
  int64_t fallen;           /* of levels: to the worst one */
  alf_interval effect;      /* mean, with its 95 % interval by bootstrap over the cells; above 0 is worse */
  double p, corrected; /* Wilcoxon's signed-rank test; the same after Holm over all rows that differ; 1: not tested */
  double lean;         /* of its ranks, −1..1: above 0 most of them say worse */
  double sign_p;       /* the sign test, for comparison */
  const alf_result *worst; /* the cell of the largest difference, and that as an effect */
  double worst_effect;
  alf_change change;
} alf_compared;

/* Zero-initialise; alf_comparison_free copes with any state. */
typedef struct alf_comparison {
  alf_pairs pairs;
  int64_t count, room;
  alf_compared *row; /* by change, then experiment, subject, metric */
  int64_t of[ALF_CHANGES];
} alf_comparison;

/* Rejected at this level. */
#define ALF_COMPARE_LEVEL 0.05

/* A metric that is the same in all cells is unchanged. One that differs is worse when the corrected p is below the level,
   ranks and mean effect both say worse, and the mean is above the tolerance; better the other way round; unchanged when
   the whole interval is within the tolerance; else undecided. A claim or certificate is worse when it has fallen to the
   worst level in any cell, undecided when it has lost anything else. `times`: times are compared, too. Errors: those of
   alf_pairs_read; ALF_EFORMAT when there is no common cell. */
alf_status alf_compare_stores(alf_comparison *comparison, const alf_store *base, const alf_store *fresh, bool times,
                              alf_error *err);

void alf_comparison_free(alf_comparison *comparison);

#endif
