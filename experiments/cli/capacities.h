/* The loads L_k of --capacities. */
#ifndef ALF_CLI_CAPACITIES_H
#define ALF_CLI_CAPACITIES_H

#include <stdint.h>

#include "alf/source.h"

/* Reads "L,L,…" or a .npy file of E values, also 1×E, for the batches of `input`: whole numbers 0..T that add up to K·T.
   What starts like a number and does not end in .npy is a list. The caller frees *capacity (E slots), NULL on failure.
   Errors: ALF_EINVAL for a list, ALF_EIO or ALF_EFORMAT for a file, which name the expert, its value and what was
   expected; ALF_ENOMEM. */
alf_status alf_cli_capacities_read(int64_t **capacity, const char *text, const alf_source_info *input, int64_t topk,
                                   alf_error *err);

#endif
