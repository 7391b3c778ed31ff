/* A box of prices, and the tokens whose Top-K can change inside it.

   Around the prices lies a box, with a width down and up for each expert. A token whose every chosen cell beats every
   other cell at all prices of the box is settled: only its slots count. The few others keep those of their cells that
   can swap. Whatever happens inside the box then happens on these cells. (shared/algorithms.md, "exchange") */
#ifndef ALF_EXACT_BOX_H
#define ALF_EXACT_BOX_H

#include "alf/problem.h"
#include "core/deadline.h"
#include "core/team.h"

/* A token that is not settled. Its cells are consecutive, experts ascending. */
typedef struct alf_box_token {
  int64_t token; /* its row in the batch; −1: the virtual token of ALF_ROUNDED */
  int64_t first; /* index of its first cell */
  int32_t cells;
  int32_t want;   /* slots that these cells share */
  int32_t copies; /* tokens of which this is one: 1, but for groups */
} alf_box_token;

typedef struct alf_box_cell {
  int64_t affinity; /* in fine units */
  int32_t row;      /* index into token */
  alf_expert expert;
} alf_box_cell;

/* Where paths stopped: what the tokens of the box have, to go on from in another box. */
typedef struct alf_box_kept {
  int64_t *price; /* E */
  int64_t *token; /* tokens: as in the box */
  int64_t *row;   /* tokens + 1: offsets into expert and amount */
  alf_expert *expert;
  int32_t *amount;
  int64_t tokens;
} alf_box_kept;

struct alf_box_part;

/* All prices, affinities and widths are in fine units: grid units times 2^noise_bits. */
typedef struct alf_box {
  const alf_problem *problem;
  alf_deadline deadline;
  alf_team *team;            /* what is worth it is shared out among these threads */
  struct alf_box_part *part; /* one for each of them */
  int noise_bits;            /* 0, or how far below a grid unit the noise that breaks ties lies */
  int64_t *price;            /* E: inside the box; and a 0, the price of a rival that stays */
  int64_t *centre;           /* E: the prices at which it was filled */
  int64_t *down, *up;        /* E: how far prices may go below and above them; ALF_BOX_ALL: every cell is free */
  int64_t *score;            /* E: scratch */
  alf_expert *chosen;        /* T×K: Top-K at the centre */
  int64_t *threshold;        /* T: less ALF_SCAN_NO_GUESS, where each token's was when it was last looked at */
  int64_t *settled;          /* E: slots of chosen cells that are not free */
  int64_t sampled;           /* tokens that the box was filled from */
  alf_box_token *token;
  alf_box_cell *cell;
  char *is_in;     /* cells: among the `want` best of its token when that was last looked at */
  int32_t *amount; /* cells: what the cell has, in units of 1/denominator; set by alf_box_augment */
  int64_t tokens, cells, token_room, cell_room;
  int64_t order_room; /* cells that amount, place and entry have room for */
  int64_t *column;    /* E + 1: where each expert's cells start in the order by expert */
  int32_t *place;     /* cells: the place of each cell in that order */
  int64_t *entry;     /* cells, in that order: the price from which on the cell is chosen */
  bool is_surveyed;   /* entry belongs to the prices */
  int64_t excess;     /* where paths stopped: what experts have above their targets, in units of 1/denominator */
  alf_box_kept kept;
} alf_box;

#define ALF_BOX_ALL   (INT64_C(1) << 60)
#define ALF_BOX_NEVER (INT64_C(1) << 61) /* a price that is never reached; negative: below all prices */

/* On so many threads (0: all). Errors: ALF_ENOMEM. */
alf_status alf_box_alloc(alf_box *box, const alf_problem *problem, alf_deadline deadline, int threads, alf_error *err);

/* ALF_ETIMEOUT when the deadline has passed. Filling, balancing and augmenting ask now and then. */
alf_status alf_box_check_deadline(const alf_box *box, alf_error *err);

void alf_box_free(alf_box *box);

/* Centres the box at its prices and fills it from the whole batch. Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_box_fill(alf_box *box, alf_error *err);

/* Looks at every stride-th token at the prices, which become the centre, and keeps the cells that would enter or leave
   if their price alone moved within the widths: for alf_box_balance and alf_box_set_widths. Such a box has no tokens; a
   cell's row is its rival, the expert that it has to beat, and its affinity what its price must add to the rival's.
   Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_box_survey(alf_box *box, int64_t stride, alf_error *err);

/* Token i's affinities in fine units, E of them, written to `fine` where there is noise. What is optimal with it is
   optimal without (alf_perturb). */
const int64_t *alf_box_affinity(const alf_box *box, int64_t i, int64_t *fine);

/* The load that expert k is to have from the tokens that the box was filled from, in slots, and from the virtual token.
   The slots of a division that leaves a rest go to the first experts. */
int64_t alf_box_target(const alf_box *box, int32_t k);

/* Sets the widths of the next box about the prices so that about `slots` of the tokens of this one come to choose the
   expert, and as many to leave it, as its price goes from the middle to either end. Where this box does not hold so
   many, the next one becomes twice as wide. */
void alf_box_set_widths(alf_box *box, int64_t slots);

/* Moves the prices by quantile rounds on the free cells until Σ|load − L| <= enough or a round gains less than a
   quarter; returns that sum, in slots. A round sets every price so that its expert would have its load if the other prices
   stayed. Past the deadline there is no further one. */
int64_t alf_box_balance(alf_box *box, int rounds, int64_t enough);

/* Sets the widths so that every cell is free. */
void alf_box_free_all(alf_box *box);

/* How many prices lie on the border: they would have gone on. */
int32_t alf_box_on_border(const alf_box *box);

/* Orders the cells by expert and makes room for what goes with them. Errors: ALF_ENOMEM. */
alf_status alf_box_order_cells(alf_box *box, alf_error *err);

typedef enum alf_box_end { ALF_BOX_OPTIMAL, ALF_BOX_LEFT, ALF_BOX_NO_PATH } alf_box_end;

/* Top-K at the prices, or what paths left there when they stopped, then successive shortest paths on the experts until
   every load is on target: the free cells' amounts and the prices end exactly optimal for the box. Paths only lower
   prices. Those that would take one below the box stop at its border, where another box can go on: ALF_BOX_LEFT.
   ALF_BOX_NO_PATH: not even a price out of range would do. *augmentations counts the paths. Errors: ALF_ENOMEM,
   ALF_ETIMEOUT, ALF_ERANGE. */
alf_status alf_box_augment(alf_box *box, alf_box_end *end, int64_t *augmentations, alf_error *err);

/* The routing that alf_box_augment has ended with, also where paths stopped. Errors: ALF_ENOMEM. */
alf_status alf_box_write_primal(const alf_box *box, alf_solution *x, alf_error *err);

/* The prices. With fixed loads expert 0 has price 0. With rounded ones experts that the virtual token chose have the
   smaller load and a price of at least 0, the others at most 0. */
void alf_box_write_prices(const alf_box *box, alf_solution *x);

/* Marks the experts of which the virtual token has a slot, E; none where there is no such token. */
void alf_box_write_spared(const alf_box *box, char *is_spared);

/* By how much prices may lie below the box: only their differences matter, so it can be taken to lie as much lower as
   there is room above all of them. */
int64_t alf_box_spare(const alf_box *box);

/* After ALF_BOX_LEFT: sets the widths of the next box about the prices as alf_box_set_widths does, but with more room
   below for experts at the border, and none above. */
void alf_box_set_widths_to_resume(alf_box *box, int64_t slots);

/* Keeps the amounts of all tokens of the box with the prices, instead of what was kept before. Errors: ALF_ENOMEM. */
alf_status alf_box_keep(alf_box *box, alf_error *err);

/* Gives a token its amounts from those that were kept at the prices the box is at; false when there are none, or when
   the token's other cells are no longer in. Tokens must be asked for in order: *next, 0 at first, follows them. */
bool alf_box_recall(alf_box *box, const alf_box_token *token, int64_t *next);

void alf_box_forget(alf_box *box);

#endif
