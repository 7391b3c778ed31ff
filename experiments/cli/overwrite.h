/* Files that are read must not be written over. */
#ifndef ALF_CLI_OVERWRITE_H
#define ALF_CLI_OVERWRITE_H

#include "cli/options.h"

/* Refuses --csv, --loads and --shifts where one names a file that the same command reads: an INPUT (with or without
   :KEY and @BATCH), an .npy file in the directory that is INPUT, there or not, the file of --against or that of
   --capacities; and where two name the same file. Errors: ALF_EINVAL. */
alf_status alf_cli_check_overwrite(const alf_cli_options *options, alf_error *err);

/* The same for a command whose last argument, `copy`, is made from `input`. Errors: ALF_EINVAL. */
alf_status alf_cli_check_copy(const char *input, const char *copy, alf_error *err);

#endif
