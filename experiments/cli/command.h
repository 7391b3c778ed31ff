/* The program's frame: what a command is, and the table of all commands. */
#ifndef ALF_CLI_COMMAND_H
#define ALF_CLI_COMMAND_H

#include "cli/options.h"

/* A command is one file cmd_NAME.c, which defines alf_cli_command_NAME, and one line here, in the order of --help. */
#define ALF_CLI_COMMANDS(X)                                                                                            \
  X(demo)                                                                                                              \
  X(verify)                                                                                                            \
  X(solve)                                                                                                             \
  X(iterate)                                                                                                           \
  X(regret)                                                                                                            \
  X(train)                                                                                                             \
  X(run)                                                                                                               \
  X(report)                                                                                                            \
  X(claims)                                                                                                            \
  X(bench)                                                                                                             \
  X(figures)                                                                                                           \
  X(trace_info)                                                                                                        \
  X(trace_cut)                                                                                                         \
  X(trace_synth)                                                                                                       \
  X(list)                                                                                                              \
  X(completion)

/* What the program ends with. */
enum alf_cli_exit {
  ALF_CLI_HELD = 0,
  ALF_CLI_REFUTED = 1,
  ALF_CLI_USAGE = 2,
  ALF_CLI_BAD_INPUT = 3,
  ALF_CLI_FAILED = 4, /* or inconclusive */
  ALF_CLI_INTERRUPTED = 130
};

typedef struct alf_cli_command {
  const char *name;      /* as typed; two words for a command of a group ("trace cut") */
  const char *summary;   /* one line of alflab --help */
  const char *arguments; /* "INPUT OUT.npy"; optional ones in brackets, [INPUT…] for any number; NULL: none */
  int fewest, most;      /* how many arguments */
  const char *details;   /* what --help says below the options; NULL: nothing */
  /* Does the work; data goes to stdout. Returns an alf_cli_exit code; where a text was put into *err, the frame prints
     it as the one line on stderr. The frame has checked every option's range and the number of arguments. */
  int (*run)(const alf_cli_options *options, alf_error *err);
} alf_cli_command;

/* Positions in alf_cli_commands, and the bit of each in the option table. */
#define ALF_CLI_INDEX(name) ALF_CLI_INDEX_##name,
typedef enum alf_cli_index { ALF_CLI_COMMANDS(ALF_CLI_INDEX) ALF_CLI_COMMAND_COUNT } alf_cli_index;
#undef ALF_CLI_INDEX
#define ALF_CLI_ON(name) (1u << ALF_CLI_INDEX_##name)

/* Null-terminated table. */
extern const alf_cli_command *const alf_cli_commands[];

/* The exit code of a library status. */
int alf_cli_exit_code(alf_status status);

#endif
