#include "run/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/grow.h"
#include "run/paired.h"

static const char *const change_names[ALF_CHANGES] = {"worse", "undecided", "better", "unchanged"};

const char *alf_change_name(alf_change change)
{
  return change_names[change];
}

/* The pairs of one experiment and subject. */
typedef struct group {
  alf_comparison *comparison;
  const alf_pair *pair;
  int64_t count;
  double *difference; /* room for one a pair */
  bool times;
  alf_error *err;
} group;

static alf_compared *add_row(group *g, const char *metric, const alf_judged *judged)
{
  alf_comparison *c = g->comparison;
  alf_compared *grown = alf_grow(c->row, &c->room, c->count + 1, sizeof *grown);
  if (!grown)
    return NULL;
  c->row = grown;
  alf_compared *row = &c->row[c->count++];
  *row = (alf_compared){.experiment = g->pair[0].experiment,
                        .kind = g->pair[0].kind,
                        .subject = g->pair[0].subject,
                        .metric = metric,
                        .judged = judged,
                        .effect = {0, NAN, NAN},
                        .p = 1,
                        .corrected = 1,
                        .sign_p = 1,
                        .worst_effect = NAN};
  return row;
}

/* Takes one difference, in which more is worse. */
static void take(alf_compared *row, double difference, const alf_result *cell, double *list)
{
  list[row->cells++] = difference;
  row->up += difference > 0;
  row->down += difference < 0;
  if (difference > 0 && (!row->worst || difference > row->worst_effect)) {
    row->worst = cell;
    row->worst_effect = difference;
  }
}

/* What a cell that fails does not say stands in the row of the cells. */
static void take_pair(alf_compared *row, const alf_pair *pair, double *list)
{
  if (pair->base->state != ALF_CELL_DONE || pair->fresh->state != ALF_CELL_DONE)
    return;
  double before = alf_judged_value(row->judged, pair->base, row->metric);
  double after = alf_judged_value(row->judged, pair->fresh, row->metric);
  if (isnan(before) && isnan(after))
    return;
  if (isnan(before) || isnan(after)) {
    row->unknown++;
    return;
  }
  row->fallen += row->judged->form == ALF_JUDGED_LEVEL && after == 0 && before > 0;
  take(row, alf_judged_difference(row->judged, before, after), pair->fresh, list);
}

static bool is_level(const alf_compared *row)
{
  return !row->judged || row->judged->form == ALF_JUDGED_LEVEL;
}

/* Effect and tests, on the scale of differences; then as effects. */
static alf_status measure(alf_compared *row, const double *difference, alf_error *err)
{
  const alf_judged *j = row->judged;
  if (is_level(row) || row->up + row->down == 0)
    return ALF_OK;
  alf_status status = alf_bootstrap_mean(difference, row->cells, &row->effect, err);
  if (status == ALF_OK)
    status = alf_signed_rank_test(difference, row->cells, &row->p, &row->lean, err);
  row->sign_p = alf_sign_test(row->up, row->down);
  row->effect.value = alf_judged_effect(j, row->effect.value);
  row->effect.low = alf_judged_effect(j, row->effect.low);
  row->effect.high = alf_judged_effect(j, row->effect.high);
  row->worst_effect = alf_judged_effect(j, row->worst_effect);
  return status;
}

static alf_status compare_metric(group *g, const char *metric, const alf_judged *judged)
{
  alf_compared *row = add_row(g, metric, judged);
  if (!row)
    return alf_fail_memory(g->err, sizeof *row);
  for (int64_t i = 0; i < g->count; i++)
    take_pair(row, &g->pair[i], g->difference);
  if (row->cells + row->unknown == 0) {
    g->comparison->count--;
    return ALF_OK;
  }
  return measure(row, g->difference, g->err);
}

static alf_status compare_states(group *g)
{
  alf_compared *row = add_row(g, "cells", NULL);
  if (!row)
    return alf_fail_memory(g->err, sizeof *row);
  for (int64_t i = 0; i < g->count; i++) {
    bool before = g->pair[i].base->state == ALF_CELL_DONE, after = g->pair[i].fresh->state == ALF_CELL_DONE;
    row->fallen += before && !after;
    take(row, before - after, g->pair[i].fresh, g->difference);
  }
  return ALF_OK;
}

/* Whether the group has a row for it already. */
static bool is_known(const group *g, int64_t first, const char *metric)
{
  for (int64_t r = first; r < g->comparison->count; r++)
    if (!strcmp(g->comparison->row[r].metric, metric))
      return true;
  return false;
}

/* The metrics that a cell has recorded, as far as they are judged and new. */
static alf_status compare_recorded(group *g, int64_t first, const alf_result *cell)
{
  alf_status status = ALF_OK;
  for (int m = 0; status == ALF_OK && m < cell->metrics; m++) {
    const alf_judged *judged = alf_judged_find(g->pair[0].kind, cell->metric[m].name);
    if (judged && !is_known(g, first, cell->metric[m].name))
      status = compare_metric(g, cell->metric[m].name, judged);
  }
  return status;
}

/* Those that are made of others, and named in the table alone. */
static alf_status compare_made(group *g, int64_t first)
{
  alf_status status = ALF_OK;
  for (const alf_judged *j = alf_judged_metrics; status == ALF_OK && j->metric; j++)
    if ((!j->kind || !strcmp(j->kind, g->pair[0].kind)) && (g->times || !j->time) && *j->metric != '*' &&
        !is_known(g, first, j->metric))
      status = compare_metric(g, j->metric, j);
  return status;
}

static alf_status compare_group(group *g)
{
  int64_t first = g->comparison->count;
  alf_status status = compare_states(g);
  for (int64_t i = 0; status == ALF_OK && i < g->count; i++) {
    status = compare_recorded(g, first, g->pair[i].base);
    if (status == ALF_OK)
      status = compare_recorded(g, first, g->pair[i].fresh);
  }
  return status == ALF_OK ? compare_made(g, first) : status;
}

static bool is_same_group(const alf_pair *a, const alf_pair *b)
{
  return !strcmp(a->experiment, b->experiment) && !strcmp(a->kind, b->kind) && !strcmp(a->subject, b->subject);
}

static alf_status compare_groups(alf_comparison *c, bool times, alf_error *err)
{
  group g = {.comparison = c, .times = times, .err = err};
  alf_status status = ALF_OK;
  g.difference = calloc((size_t)c->pairs.count + 1, sizeof *g.difference);
  if (!g.difference)
    return alf_fail_memory(err, (size_t)c->pairs.count * sizeof *g.difference);
  for (int64_t i = 0; status == ALF_OK && i < c->pairs.count; i += g.count) {
    g.pair = &c->pairs.pair[i];
    for (g.count = 1; i + g.count < c->pairs.count && is_same_group(g.pair, &g.pair[g.count]);)
      g.count++;
    status = compare_group(&g);
  }
  free(g.difference);
  return status;
}

/* Rows that are the same in every cell have not been tested. */
static alf_status correct(alf_comparison *c, alf_error *err)
{
  double *p = calloc((size_t)c->count + 1, sizeof *p);
  int64_t tested = 0;
  if (!p)
    return alf_fail_memory(err, (size_t)c->count * sizeof *p);
  for (int64_t r = 0; r < c->count; r++)
    if (!is_level(&c->row[r]) && c->row[r].up + c->row[r].down > 0)
      p[tested++] = c->row[r].p;
  alf_status status = alf_holm_correct(p, tested, err);
  tested = 0;
  for (int64_t r = 0; status == ALF_OK && r < c->count; r++)
    if (!is_level(&c->row[r]) && c->row[r].up + c->row[r].down > 0)
      c->row[r].corrected = p[tested++];
  free(p);
  return status;
}

static alf_change decide_level(const alf_compared *row)
{
  if (row->fallen > 0)
    return ALF_WORSE;
  if (row->up > 0 || row->unknown > 0)
    return ALF_UNDECIDED;
  return row->down > 0 ? ALF_BETTER : ALF_UNCHANGED;
}

static alf_change decide(const alf_compared *row)
{
  if (is_level(row))
    return decide_level(row);
  const alf_interval *e = &row->effect;
  double tolerance = row->judged->tolerance;
  bool sure = row->corrected < ALF_COMPARE_LEVEL;
  if (row->up + row->down == 0)
    return row->unknown ? ALF_UNDECIDED : ALF_UNCHANGED;
  if (sure && row->lean > 0 && e->value > tolerance)
    return ALF_WORSE;
  if (sure && row->lean < 0 && e->value < -tolerance && !row->unknown)
    return ALF_BETTER;
  return e->low >= -tolerance && e->high <= tolerance && !row->unknown ? ALF_UNCHANGED : ALF_UNDECIDED;
}

static int compare_rows(const void *a, const void *b)
{
  const alf_compared *x = a, *y = b;
  if (x->change != y->change)
    return (x->change > y->change) - (x->change < y->change);
  int order = strcmp(x->experiment, y->experiment);
  if (!order)
    order = strcmp(x->subject, y->subject);
  return order ? order : strcmp(x->metric, y->metric);
}

alf_status alf_compare_stores(alf_comparison *c, const alf_store *base, const alf_store *fresh, bool times,
                              alf_error *err)
{
  *c = (alf_comparison){0};
  alf_status status = alf_pairs_read(&c->pairs, base, fresh, err);
  if (status == ALF_OK && c->pairs.count == 0)
    status = alf_fail(err, ALF_EFORMAT,
                      "no cell is in both: %lld cells and %lld cells, expected some of the same kind and settings",
                      (long long)c->pairs.base.cells, (long long)c->pairs.fresh.cells);
  if (status == ALF_OK)
    status = compare_groups(c, times, err);
  if (status == ALF_OK)
    status = correct(c, err);
  if (status != ALF_OK)
    return status;
  for (int64_t r = 0; r < c->count; r++) {
    c->row[r].change = decide(&c->row[r]);
    c->of[c->row[r].change]++;
  }
  qsort(c->row, (size_t)c->count, sizeof *c->row, compare_rows);
  return ALF_OK;
}

void alf_comparison_free(alf_comparison *c)
{
  free(c->row);
  alf_pairs_free(&c->pairs);
  *c = (alf_comparison){0};
}
