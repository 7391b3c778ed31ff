#include "cli/options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/number.h"

#define MOST_OPTIONS 200 /* records of the table */
#define FIRST_KEY    256 /* keys of options without a letter: this plus their place in the table */

/* What argp's parser function works on. */
typedef struct parse_state {
  const alf_cli_command *command;
  alf_cli_options *options;
  bool given[MOST_OPTIONS];
  int scanned; /* argv index that getopt had reached at the last option it knew */
  alf_error *err;
} parse_state;

bool alf_cli_has(const alf_cli_command *command, const alf_cli_option *option)
{
  for (int i = 0; alf_cli_commands[i]; i++)
    if (alf_cli_commands[i] == command)
      return option->commands >> i & 1;
  return false;
}

static int key_of(const alf_cli_option *option)
{
  return option->letter ? option->letter : FIRST_KEY + (int)(option - alf_cli_option_table);
}

static const alf_cli_option *find_by_key(const alf_cli_command *command, int key)
{
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++)
    if (alf_cli_has(command, option) && key_of(option) == key)
      return option;
  return NULL;
}

static const char *expected(const alf_cli_option *option, char *text, size_t size)
{
  bool whole = option->type == ALF_CLI_INTEGER;
  snprintf(text, size, "%s in %g..%g", whole ? "a whole number" : "a number", option->minimum, option->maximum);
  return text;
}

static alf_status store(const alf_cli_option *option, const char *value, alf_cli_options *options, alf_error *err)
{
  void *field = (char *)options + option->field;
  int64_t whole = 0;
  double real = 0;
  bool good = true;
  switch (option->type) {
  case ALF_CLI_FLAG:
    *(bool *)field = true;
    break;
  case ALF_CLI_STRING:
    good = *value;
    *(const char **)field = value;
    break;
  case ALF_CLI_INTEGER:
    good = alf_cli_read_integer(value, &whole) && (double)whole >= option->minimum && (double)whole <= option->maximum;
    *(int64_t *)field = whole;
    break;
  case ALF_CLI_REAL:
    good = alf_cli_read_real(value, &real) && real >= option->minimum && real <= option->maximum;
    *(double *)field = real;
    break;
  }
  char range[80];
  if (good)
    return ALF_OK;
  if (!*value)
    return alf_fail(err, ALF_EINVAL, "--%s: expected %s, not an empty text", option->name, option->argument);
  return alf_fail(err, ALF_EINVAL, "--%s %s: expected %s", option->name, value, expected(option, range, sizeof range));
}

/* How many of the command's options start with `length` characters of `name`; the last one, or the exact one, is put
   into *match. */
static int count_matches(const alf_cli_command *command, const char *name, size_t length, const alf_cli_option **match)
{
  int count = 0;
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++) {
    if (!alf_cli_has(command, option) || strncmp(option->name, name, length))
      continue;
    *match = option;
    if (!option->name[length])
      return 1;
    count++;
  }
  return count;
}

static alf_status fail_unknown(const alf_cli_command *command, const char *shown, const char *name, alf_error *err)
{
  const char *names[MOST_OPTIONS + 1] = {NULL};
  int count = 0;
  for (const alf_cli_option *option = alf_cli_option_table; option->name && count < MOST_OPTIONS; option++)
    if (alf_cli_has(command, option))
      names[count++] = option->name;
  char known[400];
  alf_cli_nearest(name, names, "--", known, sizeof known);
  return alf_fail(err, ALF_EINVAL, "%s: no such option; %s", shown, known);
}

/* getopt says only that argv[…] is wrong; this says why. */
static alf_status fail_option(const alf_cli_command *command, const char *text, alf_error *err)
{
  const alf_cli_option *option = NULL;
  if (text[1] == '-') {
    size_t length = strcspn(text + 2, "=");
    int count = count_matches(command, text + 2, length, &option);
    if (count > 1)
      return alf_fail(err, ALF_EINVAL, "%s: short for more than one option; write its name in full", text);
    if (count == 0)
      return fail_unknown(command, text, text + 2, err);
    if (option->type == ALF_CLI_FLAG)
      return alf_fail(err, ALF_EINVAL, "%s: --%s takes no value", text, option->name);
    return alf_fail(err, ALF_EINVAL, "%s: expected a value, --%s=%s", text, option->name, option->argument);
  }
  for (const char *letter = text + 1; *letter; letter++) {
    char shown[3] = {'-', *letter, 0};
    option = find_by_key(command, (unsigned char)*letter);
    if (!option)
      return fail_unknown(command, shown, shown + 1, err);
    if (option->type != ALF_CLI_FLAG)
      return alf_fail(err, ALF_EINVAL, "%s: expected a value, %s %s", shown, shown, option->argument);
  }
  return alf_fail(err, ALF_EINVAL, "%s: not understood", text);
}

/* getopt has stepped past a wrong element, or still stands in it when more letters follow the wrong one. */
static const char *wrong_element(const parse_state *parse, const struct argp_state *state)
{
  const char *last = state->argv[state->next - 1];
  return state->next > parse->scanned && last[0] == '-' ? last : state->argv[state->next];
}

static error_t parse_key(int key, char *value, struct argp_state *state)
{
  parse_state *parse = state->input;
  if (key == ARGP_KEY_ERROR) {
    if (!parse->err->text[0])
      fail_option(parse->command, wrong_element(parse, state), parse->err);
    return 0;
  }
  if (key == ARGP_KEY_ARGS) {
    parse->options->argument = state->argv + state->next;
    parse->options->arguments = state->argc - state->next;
    return 0;
  }
  const alf_cli_option *option = key > 0 && key < 0x10000 ? find_by_key(parse->command, key) : NULL;
  if (!option)
    return ARGP_ERR_UNKNOWN;
  parse->scanned = state->next;
  parse->given[option - alf_cli_option_table] = true;
  return store(option, value, parse->options, parse->err) == ALF_OK ? 0 : EINVAL;
}

static alf_status check_arguments(const alf_cli_command *command, const alf_cli_options *options, alf_error *err)
{
  if (options->arguments < command->fewest)
    return alf_fail(err, ALF_EINVAL, "argument missing: expected %s", command->arguments);
  if (options->arguments > command->most)
    return alf_fail(err, ALF_EINVAL, "unexpected argument %s: expected %s", options->argument[command->most],
                    command->most ? command->arguments : "none");
  for (int i = 0; i < options->arguments; i++)
    if (!options->argument[i][0])
      return alf_fail(err, ALF_EINVAL, "empty argument: expected %s", command->arguments);
  return ALF_OK;
}

static alf_status check_required(const parse_state *parse, alf_error *err)
{
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++)
    if (option->required && alf_cli_has(parse->command, option) && !parse->given[option - alf_cli_option_table])
      return alf_fail(err, ALF_EINVAL, "--%s is missing: expected --%s %s, %s", option->name, option->name,
                      option->argument, option->help);
  return ALF_OK;
}

/* The command's options as argp wants them; those with a letter keep it as key. */
static void fill_argp(const alf_cli_command *command, struct argp_option *table)
{
  int count = 0;
  for (const alf_cli_option *option = alf_cli_option_table; option->name && count < MOST_OPTIONS; option++) {
    if (!alf_cli_has(command, option))
      continue;
    struct argp_option *entry = &table[count++];
    entry->name = option->name;
    entry->key = key_of(option);
    entry->arg = option->argument;
    entry->doc = option->help;
    entry->group = option->commands & ALF_CLI_LAST ? -1 : 0;
  }
}

alf_status alf_cli_parse(const alf_cli_command *command, int argc, char **argv, alf_cli_options *options,
                         alf_error *err)
{
  *options = (alf_cli_options){0};
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++)
    if (alf_cli_has(command, option) && option->fallback && store(option, option->fallback, options, err) != ALF_OK)
      return err->code;

  struct argp_option table[MOST_OPTIONS + 1] = {{0}};
  fill_argp(command, table);
  struct argp argp = {.options = table, .parser = parse_key};
  parse_state parse = {.command = command, .options = options, .scanned = 1, .err = err};
  if (argp_parse(&argp, argc, argv, ARGP_SILENT, NULL, &parse))
    return err->code ? err->code : alf_fail(err, ALF_EINVAL, "the command line cannot be read");
  if (options->help || options->version)
    return ALF_OK;
  alf_status status = check_arguments(command, options, err);
  return status == ALF_OK ? check_required(&parse, err) : status;
}

void alf_cli_describe_option(const alf_cli_option *option, char *text, size_t size)
{
  int used = snprintf(text, size, "%s", option->help);
  if (option->type == ALF_CLI_INTEGER || option->type == ALF_CLI_REAL)
    used += snprintf(text + used, size - (size_t)used, "; %g..%g", option->minimum, option->maximum);
  if (option->fallback)
    snprintf(text + used, size - (size_t)used, " (default: %s)", option->fallback);
  else if (option->required)
    snprintf(text + used, size - (size_t)used, " (required)");
}

void alf_cli_print_help(const alf_cli_command *command)
{
  struct argp_option table[MOST_OPTIONS + 1] = {{0}};
  char text[MOST_OPTIONS][ALF_CLI_OPTION_TEXT];
  fill_argp(command, table);
  for (int i = 0; table[i].name; i++) {
    alf_cli_describe_option(find_by_key(command, table[i].key), text[i], ALF_CLI_OPTION_TEXT);
    table[i].doc = text[i];
  }
  char about[2000], name[40];
  snprintf(about, sizeof about, "%s\v%s", command->summary, command->details ? command->details : "");
  snprintf(name, sizeof name, "alflab %s", command->name);
  struct argp argp = {.options = table, .parser = parse_key, .args_doc = command->arguments, .doc = about};
  setenv("ARGP_HELP_FMT", "dup-args-note=0,rmargin=99,opt-doc-col=26", 1);
  argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, name);
}
