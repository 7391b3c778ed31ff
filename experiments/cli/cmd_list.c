#include <stdio.h>
#include <string.h>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/nearest.h"
#include "cli/output.h"

static json_t *json_choice(const alf_parameter *p)
{
  json_t *names = json_array();
  for (int i = 0; p->choices[i]; i++)
    alf_cli_json_append(&names, json_string(p->choices[i]));
  return json_pack("{ss ss so ss}", "name", p->name, "default", p->choices[(int)p->fallback], "choices", names, "help",
                   p->help);
}

static json_t *json_parameters(const alf_parameter *table)
{
  json_t *list = json_array();
  for (const alf_parameter *p = table; p->name; p++)
    alf_cli_json_append(&list, p->choices ? json_choice(p)
                                          : json_pack("{ss sf sf sf sb ss}", "name", p->name, "default", p->fallback,
                                                      "minimum", p->minimum, "maximum", p->maximum, "integral",
                                                      p->integral, "help", p->help));
  return list;
}

static json_t *json_keys(const alf_key *keys)
{
  json_t *list = json_array();
  for (const alf_key *k = keys; k->name; k++)
    alf_cli_json_append(&list, json_pack("{ss ss? ss}", "name", k->name, "default", k->fallback, "help", k->help));
  return list;
}

static json_t *json_section(const alf_cli_section *section)
{
  json_t *list = json_array();
  for (int i = 0; section->entry(i).name; i++) {
    alf_cli_entry entry = section->entry(i);
    json_t *object = json_pack("{ss ss}", "name", entry.name, "summary", entry.summary);
    if (entry.parameters)
      alf_cli_json_set(&object, "parameters", json_parameters(entry.parameters));
    if (entry.keys)
      alf_cli_json_set(&object, "keys", json_keys(entry.keys));
    if (!strcmp(section->name, "claims"))
      alf_cli_json_set(&object, "citation", json_string(alf_cli_claim_at(i)->citation));
    alf_cli_json_append(&list, object);
  }
  return list;
}

static void print_parameters(const alf_parameter *table, int width)
{
  for (const alf_parameter *p = table; p && p->name; p++) {
    printf("  %-*s    %s: %s, ", width, "", p->name, p->help);
    for (int i = 0; p->choices && p->choices[i]; i++)
      printf("%s%s", i ? "|" : "", p->choices[i]);
    if (p->choices)
      printf(" (default %s)\n", p->choices[(int)p->fallback]);
    else
      printf("%g..%g (default %g)\n", p->minimum, p->maximum, p->fallback);
  }
}

static void print_keys(const alf_key *keys, int width)
{
  for (const alf_key *k = keys; k && k->name; k++) {
    printf("  %-*s    %s: %s", width, "", k->name, k->help);
    for (int i = 0; k->type == ALF_KEY_CHOICE && k->choices[i]; i++)
      printf("%s%s", i ? "|" : ", ", k->choices[i]);
    printf(k->fallback ? " (default %s)\n" : " (required)\n", k->fallback);
  }
}

static void print_section(const alf_cli_section *section)
{
  bool sources = !strcmp(section->name, "sources");
  int width = sources ? 3 : 0;
  for (int i = 0; section->entry(i).name; i++) {
    int length = (int)strlen(section->entry(i).name);
    width = length > width ? length : width;
  }
  printf("%s\n", section->name);
  for (int i = 0; section->entry(i).name; i++) {
    printf("  %-*s  %s\n", width, section->entry(i).name, section->entry(i).summary);
    print_parameters(section->entry(i).parameters, width);
    print_keys(section->entry(i).keys, width);
  }
  if (!strcmp(section->name, "experiments"))
    printf(
        "  %-*s  kind, title (a line), seed (default 0), repetitions (1), threads of a cell (1): keys of every kind\n",
        width, "all");
  if (sources)
    printf("  %-*s  T tokens (default 1024), E experts (64), seed (--seed), batches (1): parameters of every family\n"
           "  %-*s  file of affinities, tokens x experts or batches x tokens x experts: x.npy, x.npy@batch\n"
           "  %-*s  the same in an archive: x.npz:key, x.npz:key@batch\n"
           "  %-*s  its .npy files of one shape, in byte order of their names, as one stream: dir, dir@batch\n",
           width, "all", width, "npy", width, "npz", width, "directory");
}

static alf_status fail_section(const char *name, alf_error *err)
{
  const char *names[ALF_CLI_MAX_ENTRIES + 1] = {NULL};
  for (int i = 0; alf_cli_sections[i].name; i++)
    names[i] = alf_cli_sections[i].name;
  char known[300];
  alf_cli_nearest(name, names, "", known, sizeof known);
  return alf_fail(err, ALF_EINVAL, "%s: no such list; %s", name, known);
}

static int run(const alf_cli_options *options, alf_error *err)
{
  const char *name = options->arguments > 0 ? options->argument[0] : NULL;
  if (name && !alf_cli_section_find(name))
    return alf_cli_exit_code(fail_section(name, err));

  json_t *object = options->json ? json_object() : NULL;
  for (const alf_cli_section *section = alf_cli_sections; section->name; section++) {
    if (name && strcmp(name, section->name))
      continue;
    if (options->json)
      alf_cli_json_set(&object, section->name, json_section(section));
    else
      print_section(section);
    if (!name && !options->json && section[1].name)
      putchar('\n');
  }
  return options->json ? alf_cli_exit_code(alf_cli_print_json(object, err)) : ALF_CLI_HELD;
}

const alf_cli_command alf_cli_command_list = {
    .name = "list",
    .summary = "Names and one line each of what can be chosen",
    .arguments = "[solvers|rules|schedules|formats|sources|claims|false_claims|experiments|figures]",
    .fewest = 0,
    .most = 1,
    .details = "Without an argument every list is printed.",
    .run = run,
};
