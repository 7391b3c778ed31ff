/* The cells that the judge's LP holds as columns, and the exact pricing of all cells. */
#ifndef ALF_EXACT_JUDGE_COLUMNS_H
#define ALF_EXACT_JUDGE_COLUMNS_H

#include "alf/int128.h"
#include "exact/judge_basis.h"

/* Column c of token i, first[i] <= c < first[i+1], is the cell of expert[c]. All cells that are no columns keep the
   amount of the basis as constants. What GLPK answers is written here, so that the next LP goes on from it.
   Zero-initialise before use. */
typedef struct alf_judge_columns {
  alf_judge_basis *basis; /* not owned */
  int64_t count, room;
  int64_t *first;     /* T+1 */
  alf_expert *expert; /* count */
  int32_t *amount;    /* count */
  char *state;        /* count: GLP_BS, GLP_NL or GLP_NU */
  char *row_state;    /* T+E: of the rows of tokens and experts */
  int64_t *threshold; /* T: what the token's row is worth, grid units; from GLPK, as prices */
  int64_t *price;     /* E */
  int64_t *constant;  /* E: load of the cells that are no columns, as the last LP was built */
  int32_t *missing;   /* T: a cell of wrong sign that is no column; -1: none */
  int64_t mispriced;  /* tokens with a cell of wrong sign, column or not */
  int64_t left_out;   /* those of them with such a cell that is no column */
  alf_int128 value;   /* Σ γ x of columns and constants, in units of 2^-grid_bits / denominator */
} alf_judge_columns;

/* Takes memory and holds the basic cells and `limit` others: all when there are no more, else those nearest to their
   token's threshold, by powers of two. Errors: ALF_ENOMEM; ALF_ETIMEOUT. */
alf_status alf_judge_columns_choose(alf_judge_columns *columns, alf_judge_basis *basis, int64_t limit,
                                    alf_deadline deadline, alf_error *err);

/* Safe on a zeroed struct and on a half-built one. */
void alf_judge_columns_free(alf_judge_columns *columns);

/* Reads token i: its constants, as E dense amounts in basis->dense, 0 for columns; returns their sum. */
int64_t alf_judge_constants(const alf_judge_columns *columns, int64_t i);

/* Prices all cells at `price` and `threshold`, in integers: one that is not used up must not be worth more than the
   threshold, one that is used not less. Sets missing, mispriced, left_out and value. Errors: ALF_ETIMEOUT. */
alf_status alf_judge_price(alf_judge_columns *columns, alf_deadline deadline, alf_error *err);

/* Makes the missing cells columns, at the bound that they are at. Errors: ALF_ENOMEM. */
alf_status alf_judge_columns_add(alf_judge_columns *columns, alf_error *err);

#endif
