/* A small batch once more, coarse and turned: 32 bits for a score, and one expert's below the other's.

   Rounds of quantiles on it see every cell, so that no price stops at the border of a box, and let each price follow its
   rivals'. They come near the optimum where those of a box crawl: on rows that nearly repeat, whose prices move together.
   What they leave, and what the coarse grid hides, is for a box. */
#ifndef ALF_EXACT_COARSE_H
#define ALF_EXACT_COARSE_H

#include "exact/box.h"

enum { ALF_COARSE_MOST_TOPK = 16 };

struct alf_coarse_kernel;

/* Tokens are padded, each with the scores of the last one. */
typedef struct alf_coarse {
  const struct alf_coarse_kernel *kernel;
  int64_t tokens, stride; /* stride: from one column to the next, scores */
  int32_t experts, topk;
  int shift;                       /* a coarse unit is 2^shift fine ones */
  int32_t *column;                 /* E×stride: scores at the prices it was taken at, less one number */
  int32_t *last_in, *first_out;    /* stride: the K-th and the (K+1)-th score of each token now */
  int32_t *in_expert, *out_expert; /* stride: whose they are; any of those that tie */
  int32_t *rise;                   /* stride: scratch, what one price lacks for each token to be undecided about it */
  unsigned char *is_near;          /* stride: scratch, whether that is within the band */
  int64_t *near;                   /* stride: scratch, the rises that are */
  int32_t *moved;                  /* E: how far prices have come */
  int32_t *best;                   /* E: and where the loads were best */
  int32_t *band;                   /* E: how far from its price the cells of an expert are near */
  int32_t *nears;                  /* E: how many there are */
  int32_t *rivals;                 /* E×E: in row a, how many near cells of each expert have a as their rival */
  double *density;                 /* E: tokens for each unit that the price moves */
  double *step, *move, *next;      /* E: moves of prices alone, and together */
  bool is_ranked;                  /* last_in and the like belong to `moved` */
} alf_coarse;

/* One instruction set. */
typedef struct alf_coarse_kernel {
  const char *name;
  bool (*runs_here)(void);
  void (*rank)(alf_coarse *coarse); /* sets last_in, first_out, in_expert and out_expert */
} alf_coarse_kernel;

/* Null-terminated, fastest first; the last one runs everywhere. All give the same bits. */
extern const alf_coarse_kernel *const alf_coarse_kernels[];

/* Copies the batch at the prices of the box, in which `slots` tokens choose or leave an expert as its price goes to
   either end. Takes nothing, and *taken is false, where the batch is too large, or the box too narrow for the coarse
   grid, as any is for noise. Errors: ALF_ENOMEM. */
alf_status alf_coarse_take(alf_coarse *coarse, alf_box *box, int64_t slots, bool *taken, alf_error *err);

/* Safe on a zeroed struct. */
void alf_coarse_free(alf_coarse *coarse);

/* Moves the prices of the box until Σ|load − L| <= enough or rounds gain little; returns that sum, about: tokens whose
   K-th score is the (K+1)-th as well count less than K slots. Past the deadline there is no further round. */
int64_t alf_coarse_balance(alf_coarse *coarse, alf_box *box, int rounds, int64_t enough);

/* As alf_box_set_widths does, about the prices that alf_coarse_balance has left. */
void alf_coarse_set_widths(alf_coarse *coarse, alf_box *box, int64_t slots);

#endif
