/* The cells near their token's threshold: those whose amount may differ between Top-K(γ + p) and the optimum. */
#ifndef ALF_EXACT_WINDOW_H
#define ALF_EXACT_WINDOW_H

#include "alf/problem.h"

/* A cell that is free to change. */
typedef struct alf_window_cell {
  int64_t cost; /* its score minus the K-th score of its token, grid units: 0 for the K-th cell itself */
  int32_t row;  /* index into token of the window */
  alf_expert expert;
  bool chosen; /* it belongs to Top-K */
} alf_window_cell;

/* Tokens with a free cell. Their K-th and (K+1)-th cells are always free. */
typedef struct alf_window_token {
  int64_t token;
  int64_t first; /* index of its first cell; cells of a token are consecutive, experts ascending */
  int32_t fixed; /* chosen cells that are not free */
  int32_t basic; /* index of its K-th cell, relative to first */
} alf_window_token;

typedef struct alf_window {
  const alf_problem *problem;
  int64_t *score;      /* E: γ_i + p of the current token */
  alf_expert *chosen;  /* T×K: Top-K of γ + p */
  int64_t *load;       /* E: slots of Top-K */
  int64_t *histogram;  /* E × classes of distance from the threshold */
  int32_t *width;      /* E: the widest class that is free */
  int64_t *fixed_load; /* E: slots of the chosen cells that are not free */
  alf_window_token *token;
  alf_window_cell *cell;
  int64_t tokens, cells;
  int64_t token_room, cell_room;
} alf_window;

alf_status alf_window_alloc(alf_window *window, const alf_problem *problem, alf_error *err);

/* Routes by Top-K(γ + price) and frees for every expert about `scale` times (32 + 4·|load − L_k|) of its nearest cells.
   Widest when `scale` is so large that every cell is free; *all tells. Grows its memory as needed. */
alf_status alf_window_fill(alf_window *window, const int64_t *price, int64_t scale, bool *all, alf_error *err);

void alf_window_free(alf_window *window);

#endif
