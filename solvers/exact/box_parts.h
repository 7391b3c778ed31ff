/* The tokens of a sample shared out among threads, block by block. Each thread of several works in a box of its own,
   which borrows what belongs to experts and tokens, and keeps its room for the next sample; one alone works in the box. */
#ifndef ALF_EXACT_BOX_PARTS_H
#define ALF_EXACT_BOX_PARTS_H

#include "exact/box.h"
#include "routing/scan.h"

typedef struct alf_box_part alf_box_part;

/* Looks at token i, with these affinities; what it finds goes to part->box. */
typedef alf_status alf_box_look(alf_box_part *part, int64_t i, const int64_t *affinity);

struct alf_box_part {
  alf_box box;
  alf_scan scan;
  int64_t *fine; /* E: the affinities of a token with their noise */
  int64_t *next; /* E: for alf_box_order_cells, the next free place of each expert's column */
  alf_status status;
  alf_error err;
};

/* Centres the box at its prices and has every stride-th token looked at. Its settled slots, tokens and cells are then
   those of all parts, in the order of the tokens. Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_box_look_at_tokens(alf_box *box, int64_t stride, alf_box_look *look, alf_error *err);

/* One for each thread of the box, whose parts they become. Errors: ALF_ENOMEM. */
alf_status alf_box_parts_alloc(alf_box *box, alf_error *err);

/* Those of the box. Safe on a zeroed one. */
void alf_box_parts_free(alf_box *box);

/* Scans token i and counts its slots as settled. */
void alf_box_scan_token(alf_box_part *part, int64_t i, const int64_t *affinity);

/* Room for one more token with all its cells. Errors: ALF_ENOMEM. */
alf_status alf_box_reserve(alf_box *box, alf_error *err);

/* ALF_ROUNDED where E does not divide K·T: the token that has the slots which some experts do without. Errors:
   ALF_ENOMEM. */
alf_status alf_box_add_virtual_token(alf_box *box, alf_error *err);

#endif
