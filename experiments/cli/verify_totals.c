#include <math.h>
#include <stdio.h>

#include "cli/verify.h"

/* Of results with a margin, refuted ones first. */
static bool is_new_worst(const alf_cli_total *total, const alf_claim_result *result)
{
  return isfinite(result->margin) && (!total->measured || alf_cli_is_worse(result, &total->worst));
}

static void add_result(alf_cli_total *total, const alf_cli_verdicts *v, int cell, const alf_claim_result *result,
                       const char *source)
{
  total->count[result->verdict]++;
  if (!is_new_worst(total, result))
    return;
  total->measured = true;
  total->worst = *result;
  total->where = alf_cli_describe(&v->grid->cell[cell]);
  total->u = v->grid->cell[cell].u;
  snprintf(total->source, sizeof total->source, "%s", source);
}

void alf_cli_totals_add(alf_cli_totals *totals, const alf_cli_verdicts *v, const char *source)
{
  totals->batches++;
  totals->claims = v->grid->claims;
  for (int claim = 0; claim < v->grid->claims; claim++) {
    totals->claim[claim].claim = v->grid->claim[claim];
    for (int cell = 0; cell < v->grid->cells; cell++) {
      const alf_claim_result *result = &v->result[cell * v->grid->claims + claim];
      if (!alf_cli_is_reported(v->grid, cell, claim))
        continue;
      totals->count[result->verdict]++;
      add_result(&totals->claim[claim], v, cell, result, source);
    }
  }
}

static void print_worst(const alf_cli_total *total)
{
  printf("; smallest margin %.3g: %s", total->worst.margin, total->source);
  if (!total->claim->fixed_by_batch)
    printf(", %s %s u=%g", total->where.rule, total->where.schedule, total->u);
  if (total->worst.worst_step)
    printf(", step %lld", (long long)total->worst.worst_step);
}

void alf_cli_totals_print(const alf_cli_totals *totals)
{
  for (int i = 0; i < totals->claims; i++) {
    const alf_cli_total *total = &totals->claim[i];
    printf("%s  %s\n    %d hold, %d refuted, %d hypothesis not met, %d inconclusive", total->claim->id,
           total->claim->title, total->count[ALF_HOLDS], total->count[ALF_REFUTED],
           total->count[ALF_HYPOTHESIS_NOT_MET], total->count[ALF_INCONCLUSIVE]);
    if (total->measured)
      print_worst(total);
    putchar('\n');
  }
}
