/* One token at given prices: its Top-K, the two scores that this lies between, and how near the other cells are.

   The kernels exist once for every instruction set, made from scan_kernel.h; all of them give the same bits. */
#ifndef ALF_ROUTING_SCAN_H
#define ALF_ROUTING_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "routing/cut.h"

enum {
  ALF_SCAN_BLOCK = 16,     /* rows of scores come in multiples of this */
  ALF_SCAN_MOST_TOPK = 18, /* beyond, selection is by insertion */
};

#define ALF_SCAN_NO_GUESS INT64_MIN
#define ALF_SCAN_PAD      (INT64_MIN / 2) /* the score of a cell that is none: below all others */

struct alf_scan_kernel;

/* A workspace for one thread. Integers are scores of at most 2^61 in size; those from E on are padding. */
typedef struct alf_scan {
  const struct alf_scan_kernel *kernel;
  int32_t experts, topk;
  int32_t padded;        /* E rounded up to a multiple of ALF_SCAN_BLOCK */
  int32_t words;         /* of 64 bits, that hold a bit for every expert */
  int64_t *price;        /* padded: set by the caller */
  int64_t *down, *up;    /* padded: how far each price may fall and rise, >= 0; set by the caller */
  int64_t *row;          /* padded: a copy of the affinities, where E is no multiple of ALF_SCAN_BLOCK */
  int64_t *score;        /* padded: affinity + price */
  uint64_t *chosen;      /* words: Top-K; the lower index wins ties */
  uint64_t *within;      /* words: what alf_scan_within found */
  alf_cut cut;           /* the smallest score that is chosen and the largest one that is not */
  int64_t lowest_chosen; /* min of score − down over the chosen cells */
  int64_t highest_other; /* max of score + up over all others, and over chosen ones that tie with one of these */
  void *block;           /* what the arrays lie in */
} alf_scan;

static inline size_t alf_scan_padded(int32_t experts)
{
  return ((size_t)experts + ALF_SCAN_BLOCK - 1) / ALF_SCAN_BLOCK * ALF_SCAN_BLOCK;
}

/* Prices and widths are 0. Errors: ALF_ENOMEM. */
alf_status alf_scan_alloc(alf_scan *scan, int32_t experts, int32_t topk, alf_error *err);

/* Safe on a zeroed struct. */
void alf_scan_free(alf_scan *scan);

/* Looks at one token, E affinities: sets score, chosen, cut, lowest_chosen and highest_other. `guess` is a threshold
   that probably exactly K scores exceed, or ALF_SCAN_NO_GUESS: it changes the time and never the result. */
void alf_scan_token(alf_scan *scan, const int64_t *affinity, int64_t guess);

/* Marks in `within` the chosen cells whose score − down does not exceed `highest`, and the others whose score + up
   reaches `lowest`; a chosen cell that ties with one of the others counts as one. */
void alf_scan_within(alf_scan *scan, int64_t highest, int64_t lowest);

/* A cell with that score which is chosen, or is not; −1 when there is none. */
int32_t alf_scan_find(const alf_scan *scan, int64_t score, bool is_chosen);

/* The threshold to guess when the same token is looked at again: midway between the two scores of the cut. */
static inline int64_t alf_cut_middle(alf_cut cut)
{
  return cut.first_out + (cut.last_in - cut.first_out) / 2;
}

/* One instruction set. */
typedef struct alf_scan_kernel {
  const char *name;
  bool (*runs_here)(void);
  void (*token)(alf_scan *scan, const int64_t *affinity, int64_t guess);
  void (*within)(alf_scan *scan, int64_t highest, int64_t lowest);
  int32_t (*find)(const alf_scan *scan, int64_t score, bool is_chosen);
  /* The cut of E scores, E a multiple of ALF_SCAN_BLOCK. False when it does not find it: K > ALF_SCAN_MOST_TOPK, or too
     many scores lie close together. */
  bool (*cut)(const int64_t *score, int32_t experts, int32_t topk, alf_cut *cut);
} alf_scan_kernel;

/* Null-terminated, fastest first; the last one runs everywhere. */
extern const alf_scan_kernel *const alf_scan_kernels[];

/* The first that runs here. */
const alf_scan_kernel *alf_scan_fastest(void);

#endif
