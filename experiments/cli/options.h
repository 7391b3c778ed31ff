/* The options of all commands: one table drives parser, --help and error texts. */
#ifndef ALF_CLI_OPTIONS_H
#define ALF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"

/* What the command line said; an option that was not given has the fallback of its record, else 0, NULL or false. */
typedef struct alf_cli_options {
  int64_t topk, seed, threads, steps, tokens, iterations, repetitions, jobs;
  double timeout, u, tolerance, hunt;
  const char *solver, *rule, *schedule, *csv, *batches, *dtype, *out, *against, *group, *capacities, *loads, *shifts,
      *format;
  const char *witness, *replay, *set, *text, *store, *export, *series;
  const char *claim, *step_sizes, *widths; /* comma lists */
  bool json, quiet, rounded, judge, face, float_mode, float32_mode, no_optimum, regret, quick, hindsight, resume,
      dry_run, times, check, redraw;
  bool help, version;
  char **argument; /* the positional arguments */
  int arguments;
} alf_cli_options;

typedef enum alf_cli_type { ALF_CLI_FLAG, ALF_CLI_INTEGER, ALF_CLI_REAL, ALF_CLI_STRING } alf_cli_type;

/* One option. Commands that need another default or help text share a name and a field, not a record. */
typedef struct alf_cli_option {
  const char *name;        /* long name without dashes */
  char letter;             /* 0: none */
  const char *argument;    /* its name in --help; NULL for a flag */
  alf_cli_type type;       /* of the field: bool, int64_t, double, const char * */
  double minimum, maximum; /* inclusive; numbers only */
  const char *fallback;    /* read as if given first; NULL: none */
  bool required;
  unsigned commands; /* ALF_CLI_ON(…) | …, or ALF_CLI_EVERYWHERE */
  size_t field;      /* offset in alf_cli_options */
  const char *help;  /* range and fallback are added to it */
} alf_cli_option;

#define ALF_CLI_EVERYWHERE (~0u)
#define ALF_CLI_LAST       (1u << 31) /* part of ALF_CLI_EVERYWHERE: --help lists those options behind the command's own */

/* Ends with a NULL name. */
extern const alf_cli_option alf_cli_option_table[];

struct alf_cli_command;

/* Reads the command line of a command; argv[0] is skipped. Ranges, required options and the number of arguments are
   checked, unless --help or --version was given. Errors: ALF_EINVAL naming option, value and what was expected. */
alf_status alf_cli_parse(const struct alf_cli_command *command, int argc, char **argv, alf_cli_options *options,
                         alf_error *err);

/* Whether the command takes that option. */
bool alf_cli_has(const struct alf_cli_command *command, const alf_cli_option *option);

/* What --help says of an option: its help text with range and fallback. */
#define ALF_CLI_OPTION_TEXT 400
void alf_cli_describe_option(const alf_cli_option *option, char *text, size_t size);

/* Prints the help of a command to stdout. */
void alf_cli_print_help(const struct alf_cli_command *command);

#endif
