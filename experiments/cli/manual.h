/* The text that the manual page is made of. */
#ifndef ALF_CLI_MANUAL_H
#define ALF_CLI_MANUAL_H

/* Prints every command with its options to stdout, in the layout that help2man turns into sections: what follows the
   overview in alflab --help-all. */
void alf_cli_print_manual(void);

#endif
