/* Ctrl-C, SIGTERM, SIGHUP: the first one asks the command to end its current step, the second one ends the program. */
#ifndef ALF_CLI_INTERRUPT_H
#define ALF_CLI_INTERRUPT_H

#include <stdbool.h>

void alf_cli_catch_interrupt(void);
bool alf_cli_interrupted(void);

#endif
