/* Files that are read must not be written over. */
#ifndef ALF_CLI_OVERWRITE_H
#define ALF_CLI_OVERWRITE_H

#include "cli/options.h"

/* Refuses --csv where it names a file that the same command reads: an INPUT (with or without :KEY and @BATCH), the
   file of --against or that of --capacities. Errors: ALF_EINVAL. */
alf_status alf_cli_check_overwrite(const alf_cli_options *options, alf_error *err);

#endif
