#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/new_file.h"
#include "cli/choice.h"
#include "cli/output.h"
#include "cli/regret.h"

static alf_cli_cell_text describe(const alf_regret_cell *cell)
{
  alf_cell plain = {cell->rule, cell->schedule, cell->u, cell->rule_values, cell->schedule_values};
  return alf_cli_describe(&plain);
}

static void print_interval(alf_interval i, const char *unknown)
{
  char text[64];
  if (isnan(i.value))
    snprintf(text, sizeof text, "%s", unknown);
  else if (isnan(i.low))
    snprintf(text, sizeof text, "%.4g", i.value);
  else
    snprintf(text, sizeof text, "%.4g [%.4g, %.4g]", i.value, i.low, i.high);
  printf("%s", text);
}

/* Whether some cell's rule does not count slots, so that A/mu is more than that for it. */
static bool has_other_units(const alf_cli_regret_run *r)
{
  bool other = false;
  for (int c = 0; c < r->regret.cells; c++)
    other = other || r->settings.cell[c].rule->form != ALF_FORM_PROPORTIONAL;
  return other && r->target.modulus > 0;
}

static void print_head(const alf_cli_regret_run *r)
{
  const alf_regret_target *t = &r->target;
  printf("%s: %" PRId64 " tokens, %d experts, K = %d; %" PRId64 " batches a run, %" PRId64 " run%s\n", r->input,
         t->tokens, t->experts, r->settings.topk, r->settings.steps, r->regret.repetitions,
         r->regret.repetitions == 1 ? "" : "s");
  if (t->by_quadrature)
    printf("p* by quadrature, every expert's share within %.2g of K/E; mu = %.6g\n", t->gradient, t->modulus);
  else if (t->stationary)
    printf("p* is the exact optimum of %" PRId64 " tokens, every expert's share of as many others within %.2g of K/E; "
           "mu = %.4g, estimated\n",
           t->pooled, t->gradient, t->modulus);
  else
    printf("%s: dynamic regret, against the exact optimum of each\n",
           r->repeated ? "one batch, again and again" : "batches change");
  if (!t->stationary && t->modulus > 0)
    printf("mu = %.4g, estimated from %" PRId64 " tokens\n", t->modulus, t->pooled);
  if (has_other_units(r))
    printf("for rules that do not count slots A/mu is taken times %.4g, the deviation of a load at p*\n",
           alf_load_deviation(t->tokens, t->experts, r->settings.topk));
  if (r->regret.expected)
    printf("mean of |g|^2 at most %.4g seen, G^2 = K T^2 (1 - K/E) = %.4g\n", r->regret.gradient_square,
           r->row[0].bound.gradient_square);
}

static void print_expected(const alf_cli_regret_run *r, int c)
{
  const alf_regret_row *row = &r->row[c];
  printf("    regret               ");
  print_interval(row->growth.last, "");
  printf("\n    per factor of ten    ");
  print_interval(row->growth.per_decade, "");
  if (!isnan(row->bound.per_decade))
    printf(", predicted %.4g", row->bound.per_decade);
  printf("\n    exponent             ");
  print_interval(row->growth.exponent, "not fitted: regret is not positive");
  printf("; misfit of ln N %.3g, sqrt N %.3g, N %.3g\n", row->growth.misfit[ALF_GROWS_LN],
         row->growth.misfit[ALF_GROWS_ROOT], row->growth.misfit[ALF_GROWS_LINEARLY]);
  double bound = alf_regret_bound_at(&row->bound, &r->settings.cell[c], (double)r->settings.steps);
  if (!isnan(bound))
    printf("    bound                %.6g; margin at the closest N %.4g%s\n", bound, row->bound.margin,
           row->bound.met ? "" : "; not proved for this u");
}

static void print_dynamic(const alf_cli_regret_run *r, int c)
{
  const alf_regret_row *row = &r->row[c];
  printf("    dynamic regret       ");
  print_interval(row->growth.last, "");
  printf("\n    a batch, early       ");
  print_interval(row->early, "");
  printf("\n    a batch, late        ");
  print_interval(row->late, "");
  printf("\n");
}

/* The smallest regret a batch at the end, of any cell. */
static double best_late(const alf_cli_regret_run *r)
{
  double best = INFINITY;
  for (int c = 0; c < r->regret.cells; c++)
    best = fmin(best, r->row[c].late.value);
  return best;
}

/* Against the best cell at the end: what a fall of the step size leaves of the ability to follow. */
static const char *tracking(const alf_cli_regret_run *r, int c)
{
  double late = r->row[c].late.value, early = r->row[c].early.value, best = best_late(r);
  if (r->regret.cells == 1)
    return "one cell: no other one to compare it with";
  if (late <= 1.5 * best)
    return "tracks: at most 1.5 times the best cell's loss at the end";
  if (!r->settings.cell[c].schedule->constant && late > early)
    return "freezes: steps have become too small, it loses more a batch at the end than at the start";
  return "behind: more than 1.5 times the best cell's loss at the end";
}

void alf_cli_regret_print(const alf_cli_regret_run *r)
{
  print_head(r);
  for (int c = 0; c < r->regret.cells; c++) {
    const alf_regret_cell *cell = &r->settings.cell[c];
    const alf_regret_bound *b = &r->row[c].bound;
    alf_cli_cell_text name = describe(cell);
    printf("\nrule %s, schedule %s, u = %.6g", name.rule, name.schedule, cell->u);
    if (r->regret.expected && !isnan(b->a))
      printf(" (a = u mu = %.4g)", b->a);
    if (cell->width > 0)
      printf(", projected to width %g", cell->width);
    printf("\n");
    if (r->regret.expected)
      print_expected(r, c);
    if (r->regret.dynamic)
      print_dynamic(r, c);
    if (r->regret.hindsight) {
      printf("    against hindsight    ");
      print_interval(r->row[c].hindsight, "");
      printf("\n");
    }
    if (r->regret.expected)
      printf("    C9 %s: %s\n", alf_verdict_name(b->verdict), b->reason);
    else
      printf("    %s\n", tracking(r, c));
  }
  if (r->regret.hindsight)
    printf("\nC10 %s, margin %.4g: %s\n", alf_verdict_name(r->hindsight.verdict), r->hindsight.margin,
           r->hindsight.reason);
}

static json_t *json_interval(alf_interval i)
{
  return json_pack("{so so so}", "value", alf_cli_json_real(i.value), "low", alf_cli_json_real(i.low), "high",
                   alf_cli_json_real(i.high));
}

static json_t *json_cell(const alf_cli_regret_run *r, int c)
{
  const alf_regret_row *row = &r->row[c];
  const alf_regret_cell *cell = &r->settings.cell[c];
  const alf_regret_bound *b = &row->bound;
  alf_cli_cell_text name = describe(cell);
  bool expected = r->regret.expected != NULL;
  json_t *object = json_pack("{ss ss sf sf so so so ss}", "rule", name.rule, "schedule", name.schedule, "u", cell->u,
                             "width", cell->width, "regret", json_interval(row->growth.last), "per_decade",
                             json_interval(row->growth.per_decade), "exponent", json_interval(row->growth.exponent),
                             "law", alf_growth_law_name(row->growth.law));
  if (expected) {
    double bound = alf_regret_bound_at(b, cell, (double)r->settings.steps);
    alf_cli_json_set(&object, "u_mu", alf_cli_json_real(b->a));
    alf_cli_json_set(&object, "predicted_per_decade", alf_cli_json_real(b->per_decade));
    alf_cli_json_set(&object, "bound", alf_cli_json_real(bound));
    alf_cli_json_set(&object, "margin", alf_cli_json_real(b->margin));
    alf_cli_json_set(&object, "verdict", json_string(alf_verdict_name(b->verdict)));
    alf_cli_json_set(&object, "reason", json_string(b->reason));
  } else {
    alf_cli_json_set(&object, "early_per_batch", json_interval(row->early));
    alf_cli_json_set(&object, "late_per_batch", json_interval(row->late));
    alf_cli_json_set(&object, "tracking", json_string(tracking(r, c)));
  }
  if (r->regret.hindsight)
    alf_cli_json_set(&object, "hindsight", json_interval(row->hindsight));
  return object;
}

json_t *alf_cli_regret_json(const alf_cli_regret_run *r)
{
  const alf_regret_target *t = &r->target;
  json_t *cells = json_array();
  for (int c = 0; c < r->regret.cells; c++)
    alf_cli_json_append(&cells, json_cell(r, c));
  json_t *object =
      json_pack("{so sI si si sI sI ss so so ss so}", "source", alf_cli_json_text(r->input), "tokens",
                (json_int_t)t->tokens, "experts", (int)t->experts, "topk", (int)r->settings.topk, "batches",
                (json_int_t)r->settings.steps, "repetitions", (json_int_t)r->regret.repetitions, "optimum",
                t->by_quadrature ? "quadrature"
                : t->stationary  ? "pooled"
                                 : "each batch",
                "gradient", alf_cli_json_real(t->gradient), "mu", alf_cli_json_real(t->modulus), "measured",
                r->regret.expected ? "expected" : "dynamic", "cells", cells);
  if (r->regret.hindsight)
    alf_cli_json_set(&object, "C10",
                     json_pack("{ss so ss}", "verdict", alf_verdict_name(r->hindsight.verdict), "margin",
                               alf_cli_json_real(r->hindsight.margin), "reason", r->hindsight.reason));
  return object;
}

/* A text with commas has to be quoted, and has no quotes itself. */
static void put_text(FILE *csv, const char *text)
{
  const char *quote = strchr(text, ',') ? "\"" : "";
  fprintf(csv, "%s%s%s,", quote, text, quote);
}

static void put_real(FILE *csv, double value)
{
  if (isfinite(value))
    fprintf(csv, "%.17g", value);
}

static alf_status put_curve(const alf_cli_regret_run *r, int c, FILE *csv, alf_error *err)
{
  const alf_regret *g = &r->regret;
  alf_cli_cell_text name = describe(&r->settings.cell[c]);
  for (int64_t j = 0; j < g->checkpoints; j++) {
    alf_interval mean;
    alf_status status = alf_regret_curve(g, c, j, &mean, err);
    if (status != ALF_OK)
      return status;
    put_text(csv, name.rule);
    put_text(csv, name.schedule);
    fprintf(csv, "%.17g,%.17g,%s,%" PRId64 ",%.17g,", r->settings.cell[c].u, r->settings.cell[c].width,
            g->expected ? "expected" : "dynamic", g->batches[j], mean.value);
    put_real(csv, mean.low);
    fputc(',', csv);
    put_real(csv, mean.high);
    fputc(',', csv);
    if (g->expected)
      put_real(csv, alf_regret_bound_at(&r->row[c].bound, &r->settings.cell[c], (double)g->batches[j]));
    fputc('\n', csv);
  }
  return ALF_OK;
}

alf_status alf_cli_regret_csv(const alf_cli_regret_run *r, const char *path, alf_error *err)
{
  alf_new_file csv = {0};
  alf_status status = alf_new_file_open(&csv, path, err);
  if (status == ALF_OK)
    fprintf(csv.file, "rule,schedule,u,width,measured,n,regret,low,high,bound\n");
  for (int c = 0; status == ALF_OK && c < r->regret.cells; c++)
    status = put_curve(r, c, csv.file, err);
  if (status == ALF_OK)
    status = alf_new_file_commit(&csv, err);
  alf_new_file_close(&csv);
  return status;
}
