/* alflab verify --hunt and --replay. */
#ifndef ALF_CLI_VERIFY_HUNT_H
#define ALF_CLI_VERIFY_HUNT_H

#include "cli/options.h"

/* Each returns an exit code: 1 when a claim is refuted. */
int alf_cli_hunt(const alf_cli_options *options, alf_error *err);
int alf_cli_replay(const alf_cli_options *options, alf_error *err);

#endif
