#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/verify.h"

/* What a column of the table shows; claims that are fixed by the batch show it once. */
static const char *const marks[] = {
    [ALF_HOLDS] = "holds", [ALF_REFUTED] = "REFUTED", [ALF_HYPOTHESIS_NOT_MET] = "-", [ALF_INCONCLUSIVE] = "?"};

static const alf_claim_result *result_of(const alf_cli_verdicts *v, int cell, int claim)
{
  return &v->result[cell * v->grid->claims + claim];
}

static void print_instance(const alf_cli_verdicts *v)
{
  const alf_instance *instance = v->instance;
  printf("%s: %lld tokens, %d experts, K = %d, %s\n", v->source, (long long)instance->batch->tokens,
         instance->batch->experts, instance->topk, v->exact ? "exact arithmetic" : "double precision (--float)");
  char format[ALF_CHOICE_TEXT];
  alf_format_print(&v->grid->format, format);
  if (format[0])
    printf("format %s\n", format);
  if (instance->solved)
    printf("optimum %.10g, certified with gap %g, %.3g s\n", instance->certificate.objective, instance->certificate.gap,
           instance->optimum.seconds);
  else if (v->grid->needs & ALF_NEEDS_OPTIMUM)
    printf("optimum not known: %s\n", instance->why_not.text);
  putchar('\n');
}

static int wider(int width, const char *text)
{
  int length = (int)strlen(text);
  return length > width ? length : width;
}

static void print_cells(const alf_cli_verdicts *v)
{
  const alf_cli_grid *grid = v->grid;
  int rule = 22, schedule = 10; /* column widths */
  for (int cell = 0; cell < grid->cells; cell++) {
    alf_cli_cell_text text = alf_cli_describe(&grid->cell[cell]);
    rule = wider(rule, text.rule);
    schedule = wider(schedule, text.schedule);
  }
  printf("%-*s %-*s %8s  ", rule, "rule", schedule, "schedule", "u");
  for (int claim = 0; claim < grid->claims; claim++)
    printf(" %-7s", grid->claim[claim]->id);
  putchar('\n');
  for (int cell = 0; cell < grid->cells; cell++) {
    alf_cli_cell_text text = alf_cli_describe(&grid->cell[cell]);
    printf("%-*s %-*s %8g  ", rule, text.rule, schedule, text.schedule, grid->cell[cell].u);
    for (int claim = 0; claim < grid->claims; claim++)
      printf(" %-7s", alf_cli_is_reported(grid, cell, claim) ? marks[result_of(v, cell, claim)->verdict] : "\"");
    putchar('\n');
  }
  printf("(- hypothesis not met, ? inconclusive, \" fixed by the batch)\n\n");
}

bool alf_cli_is_worse(const alf_claim_result *a, const alf_claim_result *b)
{
  static const int rank[] = {[ALF_REFUTED] = 0, [ALF_INCONCLUSIVE] = 1, [ALF_HOLDS] = 2, [ALF_HYPOTHESIS_NOT_MET] = 3};
  if (rank[a->verdict] != rank[b->verdict])
    return rank[a->verdict] < rank[b->verdict];
  return a->margin < b->margin || (isnan(b->margin) && !isnan(a->margin));
}

static int worst_cell(const alf_cli_verdicts *v, int claim)
{
  int worst = 0;
  for (int cell = 1; cell < v->grid->cells; cell++)
    if (alf_cli_is_reported(v->grid, cell, claim) &&
        alf_cli_is_worse(result_of(v, cell, claim), result_of(v, worst, claim)))
      worst = cell;
  return worst;
}

static void print_verdict_line(const alf_claim_result *r)
{
  printf("    %s", alf_verdict_name(r->verdict));
  if (isfinite(r->margin))
    printf(", margin %.6g", r->margin);
  if (isfinite(r->margin) && r->worst_step)
    printf(" at step %lld of %lld", (long long)r->worst_step, (long long)r->steps);
  printf(": %s\n", r->reason);
}

static void print_details(const alf_claim_result *r)
{
  for (int h = 0; h < r->hypotheses; h++)
    printf("    hypothesis %s: %s (%s = %.10g)\n", r->hypothesis[h].met ? "met" : "NOT met", r->hypothesis[h].name,
           r->hypothesis[h].measured.name, r->hypothesis[h].measured.value);
  int shown = 0;
  for (int m = 0; m < r->measures; m++) {
    if (isnan(r->measure[m].value)) /* does not apply */
      continue;
    const char *separator = shown == 0 ? "    " : shown % 4 == 0 ? ",\n    " : ", ";
    printf("%s%s = %.10g", separator, r->measure[m].name, r->measure[m].value);
    shown++;
  }
  if (shown)
    putchar('\n');
}

static void print_counts(const alf_cli_verdicts *v, int claim, int worst)
{
  int count[ALF_INCONCLUSIVE + 1] = {0};
  alf_cli_cell_text text = alf_cli_describe(&v->grid->cell[worst]);
  for (int cell = 0; cell < v->grid->cells; cell++)
    count[result_of(v, cell, claim)->verdict]++;
  printf("    %d cells: %d hold, %d refuted, %d hypothesis not met, %d inconclusive; worst: %s, %s, u = %g\n",
         v->grid->cells, count[ALF_HOLDS], count[ALF_REFUTED], count[ALF_HYPOTHESIS_NOT_MET], count[ALF_INCONCLUSIVE],
         text.rule, text.schedule, v->grid->cell[worst].u);
}

/* The hypothesis that failed, where the worst cell is another one: a dash in the table must have its reason. */
static void print_first_not_met(const alf_cli_verdicts *v, int claim, int worst)
{
  for (int cell = 0; cell < v->grid->cells && result_of(v, worst, claim)->verdict != ALF_HYPOTHESIS_NOT_MET; cell++) {
    const alf_claim_result *r = result_of(v, cell, claim);
    if (r->verdict != ALF_HYPOTHESIS_NOT_MET)
      continue;
    alf_cli_cell_text text = alf_cli_describe(&v->grid->cell[cell]);
    printf("    hypothesis not met with %s, %s, u = %g: %s\n", text.rule, text.schedule, v->grid->cell[cell].u,
           r->reason);
    return;
  }
}

void alf_cli_print_verdicts(const alf_cli_verdicts *v)
{
  const alf_cli_grid *grid = v->grid;
  alf_cli_cell_text first = alf_cli_describe(grid->cell);
  print_instance(v);
  if (grid->cells > 1)
    print_cells(v);
  else
    printf("rule %s, schedule %s, u = %g\n\n", first.rule, first.schedule, grid->cell->u);
  for (int claim = 0; claim < grid->claims; claim++) {
    int worst = worst_cell(v, claim);
    printf("%s  %s\n", grid->claim[claim]->id, grid->claim[claim]->title);
    if (grid->cells > 1 && !grid->claim[claim]->fixed_by_batch)
      print_counts(v, claim, worst);
    print_verdict_line(result_of(v, worst, claim));
    print_details(result_of(v, worst, claim));
    print_first_not_met(v, claim, worst);
  }
  putchar('\n');
}
