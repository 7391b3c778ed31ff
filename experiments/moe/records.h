/* What is noted of a training step. */
#ifndef ALF_MOE_RECORDS_H
#define ALF_MOE_RECORDS_H

#include "moe/checkpoint.h"

/* After the forward pass of step n: balance of every layer, at the config's steps the certified optimum of what its router
   saw (layers share out over the crew) and the affinities. Errors: those of the exact solver. */
alf_status alf_moe_record(alf_trainer_state *state, const alf_moe_config *config, int64_t n, alf_error *err);

#endif
