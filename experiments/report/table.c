#include "report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void find_groups(alf_table *t)
{
  const alf_results *r = t->results;
  for (int64_t c = 0; c < r->cells; c++) {
    if (c == 0 || !alf_result_same_settings(&r->cell[c - 1], &r->cell[c]))
      t->group[t->groups++] = (alf_group){.first = c};
    t->group[t->groups - 1].cells++;
    t->group[t->groups - 1].done += r->cell[c].state == ALF_CELL_DONE;
  }
}

static void find_axes(alf_table *t)
{
  for (int s = 0; t->groups > 0 && s < t->results->cell[0].settings; s++) {
    bool varies = false;
    for (int64_t g = 1; g < t->groups && !varies; g++)
      varies = !alf_value_same(&alf_table_setting(t, 0, s)->value, &alf_table_setting(t, g, s)->value);
    if (varies)
      t->axis[t->axes++] = s;
  }
}

int alf_table_column(const alf_table *t, const char *name)
{
  for (int i = 0; i < t->columns; i++)
    if (!strcmp(t->column[i], name))
      return i;
  return -1;
}

/* Most cells have the metrics of the first one, in its order. */
static alf_status find_columns(alf_table *t, alf_error *err)
{
  const alf_results *r = t->results;
  int room = 0;
  for (int64_t c = 0; c < r->cells; c++)
    for (int m = 0; m < r->cell[c].metrics; m++) {
      const char *name = r->cell[c].metric[m].name;
      if ((m < t->columns && !strcmp(t->column[m], name)) || alf_table_column(t, name) >= 0)
        continue;
      if (t->columns == room) {
        const char **grown = alf_memory_take(&t->memory, (size_t)(room = 2 * room + 16), sizeof *grown);
        if (!grown)
          return alf_memory_check(&t->memory, err);
        for (int i = 0; i < t->columns; i++)
          grown[i] = t->column[i];
        t->column = grown;
      }
      t->column[t->columns++] = name;
    }
  return ALF_OK;
}

alf_status alf_table_make(alf_table *t, const alf_results *results, alf_error *err)
{
  *t = (alf_table){.results = results};
  int settings = results->cells > 0 ? results->cell[0].settings : 0;
  t->group = alf_memory_take(&t->memory, (size_t)results->cells + 1, sizeof *t->group);
  t->axis = alf_memory_take(&t->memory, (size_t)settings + 1, sizeof *t->axis);
  alf_status status = alf_memory_check(&t->memory, err);
  if (status != ALF_OK)
    return status;
  find_groups(t);
  find_axes(t);
  return find_columns(t, err);
}

void alf_table_free(alf_table *t)
{
  alf_memory_free(&t->memory);
  *t = (alf_table){0};
}

const alf_named *alf_table_setting(const alf_table *t, int64_t group, int s)
{
  return &t->results->cell[t->group[group].first].setting[s];
}

alf_value alf_table_value(const alf_table *t, int64_t c, int column)
{
  const alf_result *cell = &t->results->cell[c];
  const char *name = t->column[column];
  if (column < cell->metrics && !strcmp(cell->metric[column].name, name))
    return cell->metric[column].value;
  for (int m = 0; m < cell->metrics; m++)
    if (!strcmp(cell->metric[m].name, name))
      return cell->metric[m].value;
  return alf_value_real(NAN);
}

/* The interval of values, of which there is at least one. */
static alf_status find_interval(const double *value, int64_t count, alf_table_mean *m, alf_error *err)
{
  if (count == 1) {
    m->mean.value = value[0];
    return ALF_OK;
  }
  alf_status status = alf_bootstrap_mean(value, count, &m->mean, err);
  m->is_range = isnan(m->mean.low);
  for (int64_t i = 0; m->is_range && i < count; i++) {
    m->mean.low = fmin(m->mean.low, value[i]); /* fmin and fmax leave NAN behind */
    m->mean.high = fmax(m->mean.high, value[i]);
  }
  if (m->is_range && m->mean.low == m->mean.high)
    m->mean.value = value[0]; /* not rounded by the sum */
  return status;
}

alf_status alf_table_find_mean(const alf_table *t, int64_t group, int column, alf_table_mean *m, alf_error *err)
{
  const alf_group *g = &t->group[group];
  int64_t count = 0;
  *m = (alf_table_mean){.mean = {NAN, NAN, NAN}};
  double *value = malloc((size_t)g->cells * sizeof *value);
  if (!value)
    return alf_fail_memory(err, (size_t)g->cells * sizeof *value);
  for (int64_t c = g->first; c < g->first + g->cells; c++) {
    double number = t->results->cell[c].state == ALF_CELL_DONE ? alf_table_value(t, c, column).real : (double)NAN;
    if (!isnan(number))
      value[count++] = number;
  }
  alf_status status = count > 0 ? find_interval(value, count, m, err) : ALF_OK;
  free(value);
  return status;
}

bool alf_table_is_constant(const alf_table *t, int column)
{
  alf_value first = {0};
  bool any = false;
  for (int64_t c = 0; c < t->results->cells; c++) {
    if (t->results->cell[c].state != ALF_CELL_DONE)
      continue;
    alf_value value = alf_table_value(t, c, column);
    if (any && !alf_value_same(&first, &value))
      return false;
    first = any ? first : value;
    any = true;
  }
  return true;
}

bool alf_table_is_claim(const alf_table *t, int column)
{
  const char *name = t->column[column], *bar = strchr(name, '_');
  size_t length = bar ? (size_t)(bar - name) + 1 : 0;
  for (int i = 0; bar && i < t->columns; i++)
    if (!strncmp(t->column[i], name, length) && !strcmp(t->column[i] + length, "verdict"))
      return true;
  return false;
}
