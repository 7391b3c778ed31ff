#include <stdlib.h>
#include <string.h>

#include "cli/catalogue.h"
#include "cli/choice.h"
#include "cli/number.h"
#include "cli/verify.h"
#include "cli/words.h"

/* What the grid is made of before it is multiplied out. */
typedef struct axes {
  int rules, schedules, sizes;
  const alf_rule *rule[ALF_CLI_MOST_WORDS];
  const alf_schedule *schedule[ALF_CLI_MOST_WORDS];
  double u[ALF_CLI_MOST_WORDS];
  double (*rule_values)[ALF_MAX_PARAMETERS],
      (*schedule_values)[ALF_MAX_PARAMETERS]; /* ALF_CLI_MOST_WORDS each, of the grid */
} axes;

/* Says where a claim is judged that is not watched along an iteration on one batch. */
static alf_status fail_claim(const char *id, alf_error *err)
{
  for (const alf_claim *const *claim = alf_online_claims; *claim; claim++)
    if (!strcmp((*claim)->id, id))
      return alf_fail(
          err, ALF_EINVAL,
          "--claim %s: is about runs over fresh batches: expected alflab regret INPUT (C10: with --hindsight)", id);
  return alf_cli_fail_name("--claim ", id, "claims", err);
}

static alf_status read_claims(alf_cli_grid *grid, const char *text, alf_cli_words *list, alf_error *err)
{
  if (!text) {
    for (; alf_claims[grid->claims] && grid->claims < ALF_CLI_MAX_CLAIMS; grid->claims++)
      grid->claim[grid->claims] = alf_claims[grid->claims];
    return ALF_OK;
  }
  alf_status status = alf_cli_split(list, "--claim", text, err);
  for (int i = 0; status == ALF_OK && i < list->count; i++) {
    grid->claim[grid->claims++] = alf_claim_find(list->word[i]);
    if (!grid->claim[i])
      status = fail_claim(list->word[i], err);
  }
  return status;
}

static alf_status read_rules(axes *a, const char *text, alf_cli_words *list, alf_error *err)
{
  alf_status status = alf_cli_split(list, "--rule", text, err);
  for (int i = 0; status == ALF_OK && i < list->count; i++)
    status = alf_cli_read_rule(list->word[i], &a->rule[a->rules++], a->rule_values[i], err);
  return status;
}

static alf_status read_schedules(axes *a, const char *text, alf_cli_words *list, alf_error *err)
{
  alf_status status = alf_cli_split(list, "--schedule", text, err);
  for (int i = 0; status == ALF_OK && i < list->count; i++)
    status = alf_cli_read_schedule(list->word[i], &a->schedule[a->schedules++], a->schedule_values[i], err);
  return status;
}

static alf_status read_step_sizes(axes *a, const char *text, alf_cli_words *list, alf_error *err)
{
  alf_status status = alf_cli_split(list, "--step-size", text, err);
  for (int i = 0; status == ALF_OK && i < list->count; i++)
    if (!alf_cli_read_real(list->word[i], &a->u[a->sizes++]) || !(a->u[i] > 0))
      status = alf_fail(err, ALF_EINVAL, "--step-size %s: expected a positive number, or several with commas",
                        list->word[i]);
  return status;
}

static alf_status multiply(alf_cli_grid *grid, const axes *a, alf_error *err)
{
  size_t cells = (size_t)(a->rules * a->schedules * a->sizes);
  grid->cell = calloc(cells, sizeof *grid->cell);
  grid->crowding = calloc((size_t)a->sizes, sizeof *grid->crowding);
  if (!grid->cell || !grid->crowding)
    return alf_fail_memory(err, cells * sizeof *grid->cell);
  for (int r = 0; r < a->rules; r++)
    for (int s = 0; s < a->schedules; s++)
      for (int i = 0; i < a->sizes; i++)
        grid->cell[grid->cells++] = (alf_cell){.rule = a->rule[r],
                                               .schedule = a->schedule[s],
                                               .u = a->u[i],
                                               .rule_values = a->rule_values[r],
                                               .schedule_values = a->schedule_values[s],
                                               .format = grid->formatted ? &grid->format : NULL};
  return ALF_OK;
}

/* H(q) takes time: measured only for step sizes that some cell keeps constant under a sign rule. */
static void find_crowdings(alf_cli_grid *grid, const axes *a)
{
  for (int claim = 0; claim < grid->claims; claim++)
    grid->needs |= grid->claim[claim]->needs;
  bool asked = false;
  for (int c = 0; c < grid->cells; c++)
    asked = asked || (grid->cell[c].rule->form == ALF_FORM_SIGN && grid->cell[c].schedule->constant);
  if (!asked || !(grid->needs & ALF_NEEDS_CROWDING))
    return;
  for (int i = 0; i < a->sizes; i++)
    grid->crowding[i] = alf_format_step_size(grid->formatted ? &grid->format : NULL, a->u[i]);
  grid->crowdings = a->sizes;
}

alf_status alf_cli_grid_read(alf_cli_grid *grid, const alf_cli_options *options, alf_error *err)
{
  axes a = {0};
  alf_cli_words list;
  grid->values = calloc(2 * ALF_CLI_MOST_WORDS, sizeof *grid->values);
  if (!grid->values)
    return alf_fail_memory(err, 2 * ALF_CLI_MOST_WORDS * sizeof *grid->values);
  a.rule_values = grid->values;
  a.schedule_values = grid->values + ALF_CLI_MOST_WORDS;
  alf_status status = read_claims(grid, options->claim, &list, err);
  if (status == ALF_OK)
    status = read_rules(&a, options->rule, &list, err);
  if (status == ALF_OK)
    status = read_schedules(&a, options->schedule, &list, err);
  if (status == ALF_OK)
    status = read_step_sizes(&a, options->step_sizes, &list, err);
  if (status == ALF_OK)
    status = alf_cli_read_format(options->format, &grid->format, err);
  grid->formatted = options->format != NULL;
  if (status == ALF_OK)
    status = multiply(grid, &a, err);
  if (status == ALF_OK)
    find_crowdings(grid, &a);
  return status;
}

void alf_cli_grid_free(alf_cli_grid *grid)
{
  free(grid->cell);
  free(grid->values);
  free(grid->crowding);
  *grid = (alf_cli_grid){0};
}

bool alf_cli_is_reported(const alf_cli_grid *grid, int cell, int claim)
{
  return cell == 0 || !grid->claim[claim]->fixed_by_batch;
}
