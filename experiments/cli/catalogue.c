#include "cli/catalogue.h"

#include <string.h>

#include "alf/claim.h"
#include "alf/format.h"
#include "alf/rule.h"
#include "alf/schedule.h"
#include "alf/solver.h"
#include "alf/source.h"
#include "cli/nearest.h"
#include "figures/figure.h"

/* An accessor of a null-terminated table whose records have a name and a summary. */
#define ACCESSOR(function, table)                                                                                      \
  static alf_cli_entry function(int i)                                                                                 \
  {                                                                                                                    \
    return table[i] ? (alf_cli_entry){table[i]->name, table[i]->summary} : (alf_cli_entry){0};                         \
  }

static const alf_parameter no_parameters[] = {{0}};

/* The same where records have a table of parameters too, perhaps NULL. */
#define ACCESSOR_WITH_PARAMETERS(function, table)                                                                      \
  static alf_cli_entry function(int i)                                                                                 \
  {                                                                                                                    \
    if (!table[i])                                                                                                     \
      return (alf_cli_entry){0};                                                                                       \
    const alf_parameter *parameters = table[i]->parameters;                                                            \
    return (alf_cli_entry){table[i]->name, table[i]->summary, parameters ? parameters : no_parameters};                \
  }

ACCESSOR(solver_in_table, alf_solvers)
ACCESSOR_WITH_PARAMETERS(rule_entry, alf_rules)
ACCESSOR_WITH_PARAMETERS(schedule_entry, alf_schedules)
ACCESSOR_WITH_PARAMETERS(source_entry, alf_families)

const alf_claim *alf_cli_claim_at(int i)
{
  int watched = 0;
  while (alf_claims[watched] && watched < i)
    watched++;
  return alf_claims[watched] ? alf_claims[watched] : alf_online_claims[i - watched];
}

static alf_cli_entry claim_entry(int i)
{
  const alf_claim *claim = alf_cli_claim_at(i);
  return claim ? (alf_cli_entry){claim->id, claim->title} : (alf_cli_entry){0};
}

static alf_cli_entry format_entry(int i)
{
  static const alf_cli_entry keys = {"--format",
                                     "KEY=VALUE,...: how the shift is stored, steps are rounded, loads are counted",
                                     alf_format_parameters};
  return i == 0 ? keys : (alf_cli_entry){0};
}

static alf_cli_entry false_claim_entry(int i)
{
  return alf_false_claims[i] ? (alf_cli_entry){alf_false_claims[i]->id, alf_false_claims[i]->title}
                             : (alf_cli_entry){0};
}

static alf_cli_entry experiment_entry(int i)
{
  const alf_experiment *e = alf_experiments[i];
  return e ? (alf_cli_entry){.name = e->name, .summary = e->summary, .keys = e->keys} : (alf_cli_entry){0};
}

static alf_cli_entry figure_entry(int i)
{
  return (alf_cli_entry){alf_figures[i].name, alf_figures[i].summary};
}

/* "auto" stands for a solver of the table. */
static alf_cli_entry solver_entry(int i)
{
  static const alf_cli_entry automatic = {"auto", "exchange, which takes any size (default)"};
  return i == 0 ? automatic : solver_in_table(i - 1);
}

const alf_cli_section alf_cli_sections[] = {
    {"solvers", "solver", solver_entry},
    {"rules", "rule", rule_entry},
    {"schedules", "schedule", schedule_entry},
    {"formats", "format", format_entry},
    {"sources", "source", source_entry},
    {"claims", "claim", claim_entry},
    {"false_claims", "false claim", false_claim_entry},
    {"experiments", "experiment", experiment_entry},
    {"figures", "figure", figure_entry},
    {0},
};

const alf_cli_section *alf_cli_section_find(const char *name)
{
  for (const alf_cli_section *section = alf_cli_sections; section->name; section++)
    if (!strcmp(section->name, name))
      return section;
  return NULL;
}

alf_status alf_cli_fail_name(const char *shown, const char *value, const char *section, alf_error *err)
{
  const alf_cli_section *table = alf_cli_section_find(section);
  const char *names[ALF_CLI_MAX_ENTRIES + 1] = {NULL};
  for (int i = 0; i < ALF_CLI_MAX_ENTRIES && table->entry(i).name; i++)
    names[i] = table->entry(i).name;
  char known[300];
  alf_cli_nearest(value, names, "", known, sizeof known);
  return alf_fail(err, ALF_EINVAL, "%s%s: no such %s; %s", shown, value, table->one, known);
}
