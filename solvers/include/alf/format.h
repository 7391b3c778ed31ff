/* Number formats and counting bugs: what real training code does between the loads and the shift, as options of any
   rule. The published steps (alf_step) stay true: they have the loads of the tokens that matter, the step as it was
   added, and the shift as it was stored, so that claims see what a bug does. */
#ifndef ALF_FORMAT_H
#define ALF_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/parameter.h"
#include "alf/precision.h"

/* In which order the counts of ranks 0..R−1 are added up. */
typedef enum alf_rank_order {
  ALF_RANKS_ASCENDING,  /* ((0 + 1) + 2) + … */
  ALF_RANKS_DESCENDING, /* ((R−1 + R−2) + R−3) + … */
  ALF_RANKS_TREE        /* 0 + 1, 2 + 3, …, then these in pairs, and so on; what is left over waits */
} alf_rank_order;

/* Zeroed: everything is exact and correct. */
typedef struct alf_format {
  /* p + δ is rounded to this, and so is p^0. In an exact run p + δ is exact before; all that is rounded is on the grid
     already. */
  alf_precision shift;
  /* δ is rounded to this, and so is the published step size. In an exact run it is rounded to the grid after that:
     digits below 2^-grid_bits go. */
  alf_precision step;
  alf_precision loads; /* what loads are counted in; ALF_PRECISION_EXACT: integers; not ALF_PRECISION_FLOAT16 */
  int32_t ranks; /* R contiguous parts of a batch, as even as can be (rank r begins at token ⌊r T / R⌋). The count of
                    each is rounded to the format of loads, and they are added up in it. 0 and 1: one part */
  alf_rank_order order;
  bool ones;       /* a rank adds ones in the format of loads: it stays at 256 in bfloat16, at 2^24 in float32 */
  bool twice;      /* every token counts twice, as where activations are recomputed */
  int32_t stale;   /* the rule sees the loads of so many batches before. While there are none it is not asked */
  int64_t padding; /* the last tokens of each batch: routed and counted, but no part of what is published */
  /* DeepSeek's group-limited routing: E/G experts in a row make a group, whose score is the sum of its two largest
     scores (arXiv:2412.19437); only the best `kept` groups are eligible, ties to the lower index. 0 groups: none. */
  int32_t groups, kept;
  bool mask_zero; /* scores outside the kept groups count as 0, not as −∞ */
} alf_format;

/* The keys, for parsing and `alflab list`. */
extern const alf_parameter alf_format_parameters[];

/* Reads "KEY=VALUE,…"; "" and NULL: no format. Errors: ALF_EINVAL for a key, a value or a combination without
   meaning. */
alf_status alf_format_read(const char *text, alf_format *format, alf_error *err);

/* The canonical text of a format that was read or checked: the keys that differ from their defaults, in the order of
   the table; "" for none. NULL: none. */
void alf_format_print(const alf_format *format, char text[ALF_CHOICE_TEXT]);

/* Whether it can be had on batches of this shape, the padding among their tokens. NULL can. Errors: ALF_EINVAL. */
alf_status alf_format_check(const alf_format *format, int64_t tokens, int32_t experts, int32_t topk, alf_error *err);

/* The first tokens of a batch, all but the padding, as a view of it; the batch itself where there is none. */
alf_affinity alf_format_view(const alf_format *format, const alf_affinity *batch);

/* A step size as it is in the format of steps. format NULL: as it is. */
double alf_format_step_size(const alf_format *format, double step_size);

/* Whether a common shift of p changes what follows: it changes roundings, and which scores are below a mask of 0. */
bool alf_format_is_anchored(const alf_format *format);

#endif
