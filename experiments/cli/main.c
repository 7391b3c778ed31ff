#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/manual.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/overwrite.h"

#define DECLARE(name) extern const alf_cli_command alf_cli_command_##name;
#define ENTRY(name)   &alf_cli_command_##name,
ALF_CLI_COMMANDS(DECLARE)
const alf_cli_command *const alf_cli_commands[] = {ALF_CLI_COMMANDS(ENTRY) NULL};

int alf_cli_exit_code(alf_status status)
{
  switch (status) {
  case ALF_OK:
    return ALF_CLI_HELD;
  case ALF_EINVAL:
    return ALF_CLI_USAGE;
  case ALF_EIO:
  case ALF_EFORMAT:
  case ALF_ERANGE:
  case ALF_EEND:
    return ALF_CLI_BAD_INPUT;
  case ALF_EINTERRUPTED:
    return ALF_CLI_INTERRUPTED;
  case ALF_ENOMEM:
  case ALF_EUNSUPPORTED:
  case ALF_ETIMEOUT:
  case ALF_ESOLVER:
  case ALF_EPROGRAM:
    break;
  }
  return ALF_CLI_FAILED;
}

/* How many words of argv name the command: 0 when they name another one. */
static int words_matched(const alf_cli_command *command, int argc, char **argv)
{
  const char *blank = strchr(command->name, ' ');
  if (!blank)
    return argc > 0 && !strcmp(argv[0], command->name);
  size_t first = (size_t)(blank - command->name);
  bool group = argc > 0 && strlen(argv[0]) == first && !strncmp(argv[0], command->name, first);
  return group && argc > 1 && !strcmp(argv[1], blank + 1) ? 2 : 0;
}

/* Whether the command's name starts with `group` as its first of two words. */
static bool in_group(const alf_cli_command *command, const char *group)
{
  size_t length = strlen(group);
  return !strncmp(command->name, group, length) && command->name[length] == ' ';
}

static void print_commands(const char *group)
{
  for (int i = 0; alf_cli_commands[i]; i++)
    if (!group || in_group(alf_cli_commands[i], group))
      printf("  %-12s  %s\n", alf_cli_commands[i]->name, alf_cli_commands[i]->summary);
}

static void print_overview(const char *group)
{
  printf("Usage: alflab %s [OPTION...] [ARGUMENT...]\n"
         "Theory and exact baselines of auxiliary-loss-free load balancing of mixtures of experts.\n\n",
         group ? group : "COMMAND");
  print_commands(group);
  printf("\nalflab COMMAND --help explains a command; alflab --version prints the version.\n"
         "INPUT is a file (x.npy, x.npy@batch, x.npz:key), a directory of .npy files or a synthetic family\n"
         "(uniform:T=1024,E=64,seed=1).\n"
         "Exit codes: 0 all held, 1 refuted or regressed, 2 usage, 3 bad input, 4 solver failed or inconclusive,\n"
         "130 interrupted.\n");
}

/* Names of the commands, or of those of a group; returns how many. */
static int collect_names(const char *group, const char **names)
{
  int count = 0;
  for (int i = 0; alf_cli_commands[i]; i++)
    if (!group || in_group(alf_cli_commands[i], group))
      names[count++] = alf_cli_commands[i]->name;
  names[count] = NULL;
  return count;
}

static alf_status fail_command(int argc, char **argv, alf_error *err)
{
  const char *names[ALF_CLI_COMMAND_COUNT + 1] = {NULL};
  const char *word = argc > 0 ? argv[0] : "";
  const char *second = argc > 1 ? argv[1] : "";
  char known[300];
  bool group = *word && collect_names(word, names) > 0;
  if (!group)
    collect_names(NULL, names);
  alf_cli_nearest(group ? second : word, names, "", known, sizeof known);
  if (group)
    return alf_fail(err, ALF_EINVAL, "%s%s%s: no such command; %s", word, *second ? " " : "", second, known);
  if (!*word)
    return alf_fail(err, ALF_EINVAL, "no command given; %s, --help, --version", known);
  if (*word == '-')
    return alf_fail(err, ALF_EINVAL, "%s: no such option; expected a command, --help or --version", word);
  return alf_fail(err, ALF_EINVAL, "%s: no such command; %s", word, known);
}

static bool is_help(int argc, char **argv)
{
  return argc > 0 && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"));
}

/* Everything that is not a command: help, version, mistakes. */
static int run_without_command(int argc, char **argv, alf_error *err)
{
  if (is_help(argc, argv)) {
    print_overview(NULL);
    return ALF_CLI_HELD;
  }
  if (argc > 0 && !strcmp(argv[0], "--help-all")) {
    print_overview(NULL);
    alf_cli_print_manual();
    return ALF_CLI_HELD;
  }
  if (argc > 0 && !strcmp(argv[0], "--version")) {
    printf("alflab %s\n", ALF_VERSION);
    return ALF_CLI_HELD;
  }
  for (int i = 0; is_help(argc - 1, argv + 1) && alf_cli_commands[i]; i++) {
    if (in_group(alf_cli_commands[i], argv[0])) {
      print_overview(argv[0]);
      return ALF_CLI_HELD;
    }
  }
  return alf_cli_exit_code(fail_command(argc, argv, err));
}

static int run_command(const alf_cli_command *command, int argc, char **argv, alf_error *err)
{
  alf_cli_options options;
  alf_status status = alf_cli_parse(command, argc, argv, &options, err);
  if (status == ALF_OK)
    status = alf_cli_check_overwrite(&options, err);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  if (options.help)
    alf_cli_print_help(command);
  else if (options.version)
    printf("alflab %s\n", ALF_VERSION);
  else
    return command->run(&options, err);
  return ALF_CLI_HELD;
}

static const alf_cli_command *find_command(int argc, char **argv, int *words)
{
  for (int i = 0; alf_cli_commands[i]; i++)
    if ((*words = words_matched(alf_cli_commands[i], argc, argv)) > 0)
      return alf_cli_commands[i];
  return NULL;
}

static void print_error(const alf_cli_command *command, const alf_error *err)
{
  if (err->text[0])
    fprintf(stderr, "alflab%s%s: %s\n", command ? " " : "", command ? command->name : "", err->text);
}

/* A stream that the caller has closed must not become the first file that is opened. */
static void occupy_standard_streams(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
      _exit(ALF_CLI_FAILED);
}

int main(int argc, char **argv)
{
  occupy_standard_streams();
  signal(SIGPIPE, SIG_IGN);
  alf_cli_catch_interrupt();
  alf_cli_peak_start();

  alf_error err = {0};
  int words = 0;
  const alf_cli_command *command = find_command(argc - 1, argv + 1, &words);
  int code =
      command ? run_command(command, argc - words, argv + words, &err) : run_without_command(argc - 1, argv + 1, &err);
  print_error(command, &err);

  alf_error late = {0};
  if (alf_cli_flush(&late) != ALF_OK && code != ALF_CLI_BAD_INPUT) {
    print_error(command, &late);
    code = ALF_CLI_BAD_INPUT;
  }
  return code;
}
