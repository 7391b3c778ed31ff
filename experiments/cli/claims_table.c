#include <math.h>
#include <string.h>

#include "cli/claims.h"
#include "cli/output.h"

enum { CELL = 40 };

/* Of a verdict that stands for several. */
static const char *const words[] = {
    [ALF_HOLDS] = "holds", [ALF_REFUTED] = "REFUTED", [ALF_HYPOTHESIS_NOT_MET] = "unmet", [ALF_INCONCLUSIVE] = "open"};

/* "holds 2/8, 0.25", "holds, 6", "unmet"; empty where the claim was not asked. */
static void write_cell(const alf_cli_tally *tally, char *text)
{
  int total = alf_cli_tally_total(tally), used = 0;
  alf_verdict verdict = alf_cli_tally_verdict(tally);
  text[0] = '\0';
  if (total == 0)
    return;
  used = snprintf(text, CELL, "%s", words[verdict]);
  if (total > 1 && verdict != ALF_HYPOTHESIS_NOT_MET)
    used += snprintf(text + used, (size_t)(CELL - used), " %d/%d", tally->count[verdict], total);
  if (tally->measured && (verdict == ALF_HOLDS || verdict == ALF_REFUTED))
    snprintf(text + used, (size_t)(CELL - used), ", %.3g", tally->margin);
}

static alf_cli_tally sum_of(const alf_cli_claims *claims, int claim)
{
  alf_cli_tally sum = {0};
  for (int i = 0; i < claims->rows; i++)
    alf_cli_tally_join(&sum, &claims->row[i].tally[claim]);
  return sum;
}

/* A claim's text may have no bar. */
static void print_claim(FILE *out, const alf_cli_claims *claims, int i)
{
  const alf_claim *claim = claims->claim[i];
  alf_cli_tally sum = sum_of(claims, i);
  char cell[CELL];
  write_cell(&sum, cell);
  fprintf(out, "| %s | %s: %s | %s | %s | %s | %s | %s |\n", claim->id, claim->title, claim->statement, claim->citation,
          claim->hypotheses, claim->method, claim->arithmetic, cell);
}

static int wider(int width, const char *text)
{
  int length = (int)strlen(text);
  return length > width ? length : width;
}

static void print_padded(FILE *out, const char *text, int width, char fill)
{
  fprintf(out, " %s", text);
  for (int i = (int)strlen(text); i < width; i++)
    fputc(fill, out);
  fputs(" |", out);
}

/* The widest of a column: -1 for that of the names. */
static int width_of(const alf_cli_claims *claims, int claim)
{
  char cell[CELL];
  int width = claim < 0 ? 5 : wider(3, claims->claim[claim]->id);
  for (int i = 0; i < claims->rows; i++) {
    if (claim >= 0)
      write_cell(&claims->row[i].tally[claim], cell);
    width = wider(width, claim < 0 ? claims->row[i].name : cell);
  }
  return width;
}

static void print_verdicts(FILE *out, const alf_cli_claims *claims)
{
  int width[ALF_CLI_MAX_CLAIMS], names = width_of(claims, -1);
  char cell[CELL];
  fputc('|', out);
  print_padded(out, "input", names, ' ');
  for (int c = 0; c < claims->claims; c++) {
    width[c] = width_of(claims, c);
    print_padded(out, claims->claim[c]->id, width[c], ' ');
  }
  fputs("\n|", out);
  print_padded(out, "", names, '-');
  for (int c = 0; c < claims->claims; c++)
    print_padded(out, "", width[c], '-');
  for (int i = 0; i < claims->rows; i++) {
    fputs("\n|", out);
    print_padded(out, claims->row[i].name, names, ' ');
    for (int c = 0; c < claims->claims; c++) {
      write_cell(&claims->row[i].tally[c], cell);
      print_padded(out, cell, width[c], ' ');
    }
  }
  fputc('\n', out);
}

void alf_cli_claims_print(FILE *out, const alf_cli_claims *claims, const alf_cli_options *options)
{
  fputs("## Claims\n\n"
        "| claim | says | source | hypotheses | checked by | numbers | verdict |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n",
        out);
  for (int c = 0; c < claims->claims; c++)
    print_claim(out, claims, c);
  fputs("\n## Verdicts\n\n", out);
  alf_cli_claims_describe(out, options);
  fputc('\n', out);
  print_verdicts(out, claims);
  fputs("\n`holds 2/8, 14`: in 2 of 8 runs, with a smallest margin of 14; in the others a hypothesis is not met. "
        "`unmet`: it is\n"
        "met in none. `REFUTED 1/8, -3`: in 1 of 8, by 3. `open 1/8`: 1 of 8 decided nothing. Empty: not asked.\n",
        out);
}

static json_t *json_tally(const alf_cli_tally *tally)
{
  const int *count = tally->count;
  return json_pack("{si si si si so}", "holds", count[ALF_HOLDS], "refuted", count[ALF_REFUTED], "hypothesis_not_met",
                   count[ALF_HYPOTHESIS_NOT_MET], "inconclusive", count[ALF_INCONCLUSIVE], "margin",
                   tally->measured ? alf_cli_json_real(tally->margin) : json_null());
}

static json_t *json_claim(const alf_cli_claims *claims, int i)
{
  const alf_claim *claim = claims->claim[i];
  json_t *inputs = json_object();
  for (int r = 0; r < claims->rows; r++)
    if (alf_cli_tally_total(&claims->row[r].tally[i]))
      alf_cli_json_set(&inputs, claims->row[r].name, json_tally(&claims->row[r].tally[i]));
  return json_pack("{ss ss ss ss ss ss ss so}", "id", claim->id, "title", claim->title, "citation", claim->citation,
                   "statement", claim->statement, "hypotheses", claim->hypotheses, "method", claim->method,
                   "arithmetic", claim->arithmetic, "inputs", inputs);
}

json_t *alf_cli_claims_json(const alf_cli_claims *claims)
{
  json_t *list = json_array();
  for (int c = 0; c < claims->claims; c++)
    alf_cli_json_append(&list, json_claim(claims, c));
  return json_pack("{so}", "claims", list);
}
