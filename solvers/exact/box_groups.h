/* A box of groups: tokens whose rows are alike but for their lower bits count as one with so many copies. */
#ifndef ALF_EXACT_BOX_GROUPS_H
#define ALF_EXACT_BOX_GROUPS_H

#include "exact/box.h"

/* Centres the box at its prices and fills it with all cells of the whole batch, those tokens being one group that agree
   in all bits above the lowest `grain` of every affinity; a group has the affinities of its first token, without noise.
   More than `most` groups: the box is then empty. Errors: ALF_ENOMEM. */
alf_status alf_box_group(alf_box *box, int grain, int64_t most, alf_error *err);

#endif
