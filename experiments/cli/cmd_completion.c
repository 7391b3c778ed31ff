/* Completion for bash: a table of what can be typed, written here, and what looks things up in it, completion.bash. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "alf/claim.h"
#include "alf/source.h"
#include "bench/group.h"
#include "cli/catalogue.h"
#include "cli/command.h"

/* completion.bash, line by line; made by experiments/install/CMakeLists.txt. */
extern const char *const alf_cli_completion_bash[];

/* Options whose values stand in tables; "files": also a file, where it starts like a path. */
static const struct {
  const char *option, *tables;
} valued[] = {{"rule", "rules,files"}, {"schedule", "schedules"},        {"solver", "solvers"},
              {"group", "groups"},     {"claim", "claims,false_claims"}, {"dtype", "dtypes"}};

static void put_value(const char *option, const char *argument)
{
  for (size_t i = 0; i < sizeof valued / sizeof *valued; i++)
    if (!strcmp(valued[i].option, option)) {
      printf("%s:%s", strstr(argument, ",...") ? "list" : "one", valued[i].tables);
      return;
    }
  if (!strcmp(option, "format"))
    printf("settings:formats");
  else
    printf(strstr(argument, "DIR") ? "folder" : "file");
}

static void put_options(const alf_cli_command *command)
{
  printf("  'options/%s') line='", command->name);
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++) {
    if (!alf_cli_has(command, option))
      continue;
    printf("--%s ", option->name);
    if (option->letter)
      printf("-%c ", option->letter);
  }
  printf("' ;;\n");
}

/* How each option's value is completed; flags have no row. */
static void put_values(const alf_cli_command *command)
{
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++) {
    if (!alf_cli_has(command, option) || option->type == ALF_CLI_FLAG)
      continue;
    printf("  'value/%s/--%s'", command->name, option->name);
    if (option->letter)
      printf(" | 'value/%s/-%c'", command->name, option->letter);
    printf(") line='");
    if (option->type == ALF_CLI_STRING)
      put_value(option->name, option->argument);
    else
      printf("nothing");
    printf("' ;;\n");
  }
}

/* One argument as it stands in --help, `length` characters without brackets: INPUT, FAMILY, NAME, a|b|c, else a file. */
static void put_argument(const alf_cli_command *command, const char *argument, int length)
{
  bool lower = true;
  for (int i = 0; i < length; i++)
    lower = lower && (islower((unsigned char)argument[i]) || strchr("_|", argument[i]));
  if (!strncmp(argument, "INPUT", 5))
    printf("input");
  else if (!strncmp(argument, "FAMILY", 6))
    printf("family");
  else if (!strncmp(argument, "NAME", 4) && alf_cli_section_find(command->name))
    printf("one:%s", command->name);
  else if (lower)
    printf("one:words/%.*s", length, argument);
  else
    printf("%s", strstr(argument, "DIR") ? "folder" : "file");
}

/* How arguments are completed, in their order; the last one may be given any number of times ("+"). */
static void put_arguments(const alf_cli_command *command)
{
  printf("  'arguments/%s') line='", command->name);
  for (const char *rest = command->arguments ? command->arguments : ""; *rest;) {
    rest += strspn(rest, " [");
    int length = (int)strcspn(rest, " ].");
    bool again = !strncmp(rest + length, "...", 3);
    put_argument(command, rest, length);
    printf("%s ", again ? "+" : "");
    rest += strcspn(rest, " ");
  }
  printf("' ;;\n");
}

/* A row of parameters, those of `more` (may be NULL) behind them, and a row of values for each that has names for them. */
static void put_parameters(const char *key, const alf_parameter *table, const alf_parameter *more)
{
  printf("  '%s') line='", key);
  for (const alf_parameter *p = table; p->name; p++)
    printf("%s ", p->name);
  for (const alf_parameter *p = more; p && p->name; p++)
    printf("%s ", p->name);
  printf("' ;;\n");
  for (const alf_parameter *p = table; p->name; p++) {
    if (!p->choices)
      continue;
    printf("  '%s/%s') line='", key, p->name);
    for (int i = 0; p->choices[i]; i++)
      printf("%s ", p->choices[i]);
    printf("' ;;\n");
  }
}

/* A table of the library: its names, and their parameters with the names of their values. */
static void put_section(const alf_cli_section *section)
{
  if (!strcmp(section->name, "formats")) {
    put_parameters("formats", section->entry(0).parameters, NULL);
    return;
  }
  printf("  '%s') line='", section->name);
  for (int i = 0; section->entry(i).name; i++)
    printf("%s ", section->entry(i).name);
  printf("' ;;\n");
  for (int i = 0; section->entry(i).name; i++) {
    alf_cli_entry entry = section->entry(i);
    char key[120];
    snprintf(key, sizeof key, "%s/%s", section->name, entry.name);
    bool family = !strcmp(section->name, "sources");
    if (entry.parameters && (family || entry.parameters->name))
      put_parameters(key, entry.parameters, family ? alf_family_common : NULL);
  }
}

static size_t first_word(int i)
{
  return strcspn(alf_cli_commands[i]->name, " ");
}

static bool same_first_word(int i, int j)
{
  return first_word(i) == first_word(j) &&
         !strncmp(alf_cli_commands[i]->name, alf_cli_commands[j]->name, first_word(i));
}

/* Whether no command before number i begins with the same word. */
static bool is_first(int i)
{
  for (int j = 0; j < i; j++)
    if (same_first_word(i, j))
      return false;
  return true;
}

static void put_commands(void)
{
  printf("  'commands') line='");
  for (int i = 0; alf_cli_commands[i]; i++)
    if (is_first(i))
      printf("%.*s ", (int)first_word(i), alf_cli_commands[i]->name);
  printf("' ;;\n");
  for (int i = 0; alf_cli_commands[i]; i++) {
    if (!alf_cli_commands[i]->name[first_word(i)] || !is_first(i))
      continue;
    printf("  'commands/%.*s') line='", (int)first_word(i), alf_cli_commands[i]->name);
    for (int j = i; alf_cli_commands[j]; j++)
      if (same_first_word(i, j))
        printf("%s ", alf_cli_commands[j]->name + first_word(j) + 1);
    printf("' ;;\n");
  }
  printf("  'options/') line='--help --version' ;;\n");
}

/* Names that alflab list does not have, or has among others. */
static void put_names(void)
{
  printf("  'groups') line='");
  for (int i = 0; alf_bench_groups[i]; i++)
    printf("%s ", alf_bench_groups[i]->name);
  printf("' ;;\n  'claims') line='"); /* about one batch, which alflab verify takes: not those about online runs */
  for (int i = 0; alf_claims[i]; i++)
    printf("%s ", alf_claims[i]->id);
  printf("' ;;\n  'dtypes') line='f4 f8' ;;\n"
         "  'words/'*)\n    line=${1#*/}\n    line=${line//|/ }\n    ;;\n");
}

static int run(const alf_cli_options *options, alf_error *err)
{
  if (strcmp(options->argument[0], "bash") != 0)
    return alf_cli_exit_code(alf_fail(err, ALF_EINVAL, "%s: no such shell; expected bash", options->argument[0]));
  printf("# bash completion of alflab " ALF_VERSION ", printed by alflab completion bash.\n\n"
         "# Puts the words of a row of the table into the array row; none where there is no such row.\n"
         "_alflab_table() {\n  local line='' IFS=$' \\t\\n'\n  case $1 in\n");
  put_commands();
  put_names();
  for (const alf_cli_section *section = alf_cli_sections; section->name; section++)
    if (strcmp(section->name, "claims") != 0)
      put_section(section);
  for (int i = 0; alf_cli_commands[i]; i++) {
    put_options(alf_cli_commands[i]);
    put_values(alf_cli_commands[i]);
    put_arguments(alf_cli_commands[i]);
  }
  printf("  esac\n  read -ra row <<<\"$line\"\n}\n\n");
  for (int i = 0; alf_cli_completion_bash[i]; i++)
    puts(alf_cli_completion_bash[i]);
  return ALF_CLI_HELD;
}

const alf_cli_command alf_cli_command_completion = {
    .name = "completion",
    .summary = "Print what makes a shell complete commands, options and names",
    .arguments = "bash",
    .fewest = 1,
    .most = 1,
    .details = "For one session: eval \"$(alflab completion bash)\". cmake --install puts it where bash looks for it.",
    .run = run,
};
