#include "cli/manual.h"

#include <stdio.h>

#include "cli/command.h"

/* Options that most commands take are described once. */
static bool is_shared(const alf_cli_option *option)
{
  int commands = 0;
  for (int i = 0; alf_cli_commands[i]; i++)
    commands += alf_cli_has(alf_cli_commands[i], option);
  return 2 * commands > ALF_CLI_COMMAND_COUNT;
}

/* help2man wants the text in a column of its own, and fills the lines itself. */
static void print_option(const alf_cli_option *option)
{
  char text[ALF_CLI_OPTION_TEXT];
  alf_cli_describe_option(option, text, sizeof text);
  printf("  ");
  if (option->letter)
    printf("-%c, ", option->letter);
  printf("--%s%s%s\n%26s%s\n", option->name, option->argument ? "=" : "", option->argument ? option->argument : "", "",
         text);
}

static void print_command(const alf_cli_command *command)
{
  printf("alflab %s [OPTION...]%s%s:\n  %s\n\n", command->name, command->arguments ? " " : "",
         command->arguments ? command->arguments : "", command->summary);
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++)
    if (alf_cli_has(command, option) && !is_shared(option))
      print_option(option);
  if (command->details)
    printf("\n%s\n", command->details);
  putchar('\n');
}

void alf_cli_print_manual(void)
{
  printf("\n*Commands*\n\n");
  for (int i = 0; alf_cli_commands[i]; i++)
    print_command(alf_cli_commands[i]);
  printf("*Options of most commands*\n\n");
  for (const alf_cli_option *option = alf_cli_option_table; option->name; option++)
    if (is_shared(option))
      print_option(option);
}
