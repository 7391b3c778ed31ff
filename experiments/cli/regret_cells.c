#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/choice.h"
#include "cli/number.h"
#include "cli/regret.h"
#include "cli/words.h"

/* The four lists. */
typedef struct axes {
  alf_cli_words rule, schedule, size, width;
} axes;

static alf_status split_all(axes *a, const alf_cli_options *o, alf_error *err)
{
  alf_status status = alf_cli_split(&a->rule, "--rule", o->rule, err);
  if (status == ALF_OK)
    status = alf_cli_split(&a->schedule, "--schedule", o->schedule, err);
  if (status == ALF_OK)
    status = alf_cli_split(&a->size, "--step-size", o->step_sizes, err);
  return status == ALF_OK ? alf_cli_split(&a->width, "--width", o->widths, err) : status;
}

static alf_status read_size(const char *text, const alf_rule *rule, const alf_regret_target *t, int32_t topk, double *u,
                            alf_error *err)
{
  alf_error cause = {0};
  alf_status status = alf_regret_step_size(text, rule, t, topk, u, &cause);
  return status == ALF_OK ? status : alf_fail(err, status, "--step-size %s", cause.text);
}

static alf_status read_width(const char *text, double *width, alf_error *err)
{
  if (alf_cli_read_real(text, width) && *width >= 0 && *width <= 1e6)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "--width %s: expected a number, 0 or more", text);
}

/* Cell number c of the product; its parameters are kept in values[2c] and values[2c + 1]. */
static alf_status read_cell(alf_cli_regret_cells *cells, const axes *a, int c, const alf_cli_options *o,
                            const alf_regret_target *t, alf_error *err)
{
  alf_regret_cell *cell = &cells->cell[c];
  int width = c % a->width.count, size = c / a->width.count % a->size.count;
  int rest = c / a->width.count / a->size.count, schedule = rest % a->schedule.count, rule = rest / a->schedule.count;
  *cell = (alf_regret_cell){.rule_values = cells->values[2 * c], .schedule_values = cells->values[2 * c + 1]};
  alf_status status = alf_cli_read_rule(a->rule.word[rule], &cell->rule, cells->values[2 * c], err);
  if (status == ALF_OK)
    status = alf_cli_read_schedule(a->schedule.word[schedule], &cell->schedule, cells->values[2 * c + 1], err);
  if (status == ALF_OK)
    status = read_size(a->size.word[size], cell->rule, t, (int32_t)o->topk, &cell->u, err);
  return status == ALF_OK ? read_width(a->width.word[width], &cell->width, err) : status;
}

alf_status alf_cli_regret_cells_read(alf_cli_regret_cells *cells, const alf_cli_options *options,
                                     const alf_regret_target *target, alf_error *err)
{
  axes a;
  alf_status status = split_all(&a, options, err);
  if (status != ALF_OK)
    return status;
  cells->count = a.rule.count * a.schedule.count * a.size.count * a.width.count;
  cells->cell = calloc((size_t)cells->count, sizeof *cells->cell);
  cells->values = calloc(2 * (size_t)cells->count, sizeof *cells->values);
  if (!cells->cell || !cells->values)
    return alf_fail_memory(err, 2 * (size_t)cells->count * sizeof *cells->values);
  for (int c = 0; status == ALF_OK && c < cells->count; c++)
    status = read_cell(cells, &a, c, options, target, err);
  return status;
}

void alf_cli_regret_cells_free(alf_cli_regret_cells *cells)
{
  free(cells->cell);
  free(cells->values);
}
