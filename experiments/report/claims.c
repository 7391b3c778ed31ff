#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/claim.h"
#include "report/html.h"
#include "report/inside.h"

enum { VERDICTS = ALF_INCONCLUSIVE + 1 };

/* What one experiment says of one claim. */
typedef struct judged {
  char id[64];
  int64_t experiment;
  int verdict, margin, step, reason, witness; /* columns; −1: none */
  int64_t count[VERDICTS];
  int64_t tightest; /* the cell with the smallest margin: of those that refute it, else of those where it holds; −1 */
} judged;

static const char *const marks[VERDICTS] = {
    [ALF_HOLDS] = "holds",
    [ALF_REFUTED] = "refuted",
    [ALF_HYPOTHESIS_NOT_MET] = "unmet",
    [ALF_INCONCLUSIVE] = "open",
};

static int column_of(const alf_table *t, const char *id, const char *name)
{
  char text[100];
  snprintf(text, sizeof text, "%s_%s", id, name);
  return alf_table_column(t, text);
}

static alf_value value_of(const alf_table *t, int64_t c, int column)
{
  return column >= 0 ? alf_table_value(t, c, column) : alf_value_real(NAN);
}

/* −1: the cell has none. */
static int verdict_of(const alf_table *t, int64_t c, const judged *j)
{
  alf_value value = alf_table_value(t, c, j->verdict);
  if (t->results->cell[c].state != ALF_CELL_DONE || value.type != ALF_TEXT)
    return -1;
  for (int v = 0; v < VERDICTS; v++)
    if (!strcmp(value.text, alf_verdict_name((alf_verdict)v)))
      return v;
  return -1;
}

static double margin_of(const alf_table *t, int64_t c, const judged *j)
{
  return value_of(t, c, j->margin).real;
}

static int overall(const judged *j)
{
  static const alf_verdict order[] = {ALF_REFUTED, ALF_HOLDS, ALF_INCONCLUSIVE, ALF_HYPOTHESIS_NOT_MET};
  for (int i = 0; i < VERDICTS; i++)
    if (j->count[order[i]] > 0)
      return order[i];
  return -1;
}

static void find_tightest(judged *j, const alf_table *t)
{
  int wanted = overall(j);
  double least = INFINITY;
  for (int64_t c = 0; (wanted == ALF_REFUTED || wanted == ALF_HOLDS) && c < t->results->cells; c++) {
    double margin = margin_of(t, c, j);
    if (verdict_of(t, c, j) == wanted && (j->tightest < 0 || margin < least)) {
      j->tightest = c;
      least = isnan(margin) ? INFINITY : margin;
    }
  }
}

/* Whether that column has the verdicts on a claim. */
static bool look(judged *j, const alf_page *page, int64_t e, int column)
{
  const alf_table *t = &page->table[e];
  const char *name = t->column[column], *end = strstr(name, "_verdict");
  if (!end || end[strlen("_verdict")] || end == name || (size_t)(end - name) >= sizeof j->id)
    return false;
  *j = (judged){.experiment = e, .verdict = column, .tightest = -1};
  snprintf(j->id, sizeof j->id, "%.*s", (int)(end - name), name);
  j->margin = column_of(t, j->id, "margin");
  j->step = column_of(t, j->id, "worst_step");
  j->reason = column_of(t, j->id, "reason");
  j->witness = column_of(t, j->id, "witness");
  for (int64_t c = 0; c < t->results->cells; c++) {
    int verdict = verdict_of(t, c, j);
    if (verdict >= 0)
      j->count[verdict]++;
  }
  find_tightest(j, t);
  return overall(j) >= 0;
}

/* Calls `put` for every claim of every experiment. */
static void for_each(alf_page *page, void (*put)(alf_page *, const judged *, void *), void *context)
{
  for (int64_t e = 0; e < page->experiments; e++)
    for (int i = 0; i < page->table[e].columns; i++) {
      judged j;
      if (look(&j, page, e, i))
        put(page, &j, context);
    }
}

static const alf_claim *claim_of(const judged *j)
{
  for (int i = 0; alf_online_claims[i]; i++)
    if (!strcmp(alf_online_claims[i]->id, j->id))
      return alf_online_claims[i];
  return alf_claim_find(j->id);
}

static void put_verdict(alf_page *page, int verdict)
{
  fprintf(page->file, "<td data-v=\"%d\"><span class=\"verdict %s\">%s</span>", verdict, marks[verdict],
          alf_verdict_name((alf_verdict)verdict));
}

static void put_anchor(alf_page *page, const judged *j, int64_t c)
{
  fprintf(page->file, "w%" PRId64 "-%d-%" PRId64, j->experiment + 1, j->verdict, c);
}

/* The link to the cell that the margin is of. */
static void put_link(alf_page *page, const judged *j)
{
  fputs("<td>", page->file);
  if (j->tightest < 0)
    return;
  fputs("<a href=\"#", page->file);
  put_anchor(page, j, j->tightest);
  fputs(overall(j) == ALF_REFUTED ? "\">witness</a>" : "\">tightest cell</a>", page->file);
}

static void put_row(alf_page *page, const judged *j, void *unused)
{
  (void)unused;
  const alf_claim *claim = claim_of(j);
  const alf_table *t = &page->table[j->experiment];
  double margin = j->tightest >= 0 ? margin_of(t, j->tightest, j) : (double)NAN;
  fprintf(page->file, "<tr%s><th scope=row>", overall(j) == ALF_REFUTED ? " class=refuted" : "");
  alf_html_text(page->file, j->id);
  put_verdict(page, overall(j));
  alf_html_number_cell(page->file, margin);
  alf_html_number(page->file, margin);
  put_link(page, j);
  fputs("<td class=says>", page->file);
  alf_html_text(page->file, claim ? claim->title : "");
  fputs("<small>", page->file);
  alf_html_text(page->file, claim ? claim->citation : "a claim that this alflab does not know");
  fprintf(page->file, "</small><td><a href=\"#e%" PRId64 "\">", j->experiment + 1);
  alf_html_text(page->file, t->results->name);
  fputs("</a>", page->file);
  for (int v = 0; v < VERDICTS; v++)
    fprintf(page->file, "<td class=\"n%s\">%" PRId64, j->count[v] ? "" : " zero", j->count[v]);
  fputs("\n", page->file);
}

static void count_refuted(alf_page *page, const judged *j, void *claims)
{
  page->told.refuted += j->count[ALF_REFUTED];
  ++*(int64_t *)claims;
}

static void put_refuted(alf_page *page, const judged *j, void *first)
{
  if (j->count[ALF_REFUTED] == 0)
    return;
  fputs(*(bool *)first ? " " : ", ", page->file);
  *(bool *)first = false;
  alf_html_text(page->file, j->id);
  fprintf(page->file, " (%" PRId64 " in ", j->count[ALF_REFUTED]);
  alf_html_text(page->file, page->table[j->experiment].results->name);
  fputs(")", page->file);
}

static void put_summary(alf_page *page)
{
  bool first = true;
  if (page->told.refuted == 0) {
    fputs("<p>No claim is refuted.\n", page->file);
    return;
  }
  fputs("<p class=alarm role=note><strong>Refuted:</strong>", page->file);
  for_each(page, put_refuted, &first);
  fputs(".\n", page->file);
}

/* What the claim reports beside its verdict. */
static void put_measures(alf_page *page, const judged *j, int64_t c)
{
  const alf_table *t = &page->table[j->experiment];
  size_t length = strlen(j->id) + 1;
  const char *between = "";
  for (int i = 0; i < t->columns; i++) {
    alf_value value = alf_table_value(t, c, i);
    if (strncmp(t->column[i], t->column[j->verdict], length) || i == j->verdict || i == j->margin || i == j->step ||
        i == j->reason || i == j->witness || value.type == ALF_UNKNOWN)
      continue;
    fputs(between, page->file);
    alf_html_text(page->file, t->column[i] + length);
    fputs(" = ", page->file);
    alf_html_value(page->file, &value);
    between = ", ";
  }
}

/* A relative path, whatever it looks like: nothing in it is a scheme. */
static void put_witness_file(alf_page *page, const char *path)
{
  fprintf(page->file, "<dt>File<dd><a href=\"%s", *path == '/' ? "" : "./");
  for (const char *c = path; *c; c++)
    if (strchr("/._-+", *c) || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
      putc(*c, page->file);
    else
      fprintf(page->file, "%%%02X", (unsigned char)*c);
  fputs("\">", page->file);
  alf_html_text(page->file, path);
  fputs("</a>", page->file);
}

static void put_witness(alf_page *page, const judged *j, int64_t c)
{
  const alf_table *t = &page->table[j->experiment];
  const alf_result *cell = &t->results->cell[c];
  bool refuted = verdict_of(t, c, j) == ALF_REFUTED;
  alf_value step = value_of(t, c, j->step), reason = value_of(t, c, j->reason), file = value_of(t, c, j->witness);
  fprintf(page->file, "<article class=\"witness%s\" id=\"", refuted ? " refuted" : "");
  put_anchor(page, j, c);
  fputs("\"><h4>", page->file);
  alf_html_text(page->file, j->id);
  fprintf(page->file, " %s</h4><dl><dt>Cell<dd>%" PRId64 " of <a href=\"#e%" PRId64 "\">",
          refuted ? "refuted" : "at its tightest", c, j->experiment + 1);
  alf_html_text(page->file, t->results->name);
  fputs("</a><dt>Settings<dd>", page->file);
  alf_page_settings(page, t, c, -1, -1, cell->repetition);
  fprintf(page->file, ", seed %" PRId64 "<dt>Margin<dd>", cell->seed);
  alf_html_number(page->file, margin_of(t, c, j));
  if (step.type == ALF_WHOLE && step.whole > 0)
    fprintf(page->file, " at update %" PRId64, step.whole);
  if (reason.type == ALF_TEXT) {
    fputs("<dt>Reason<dd>", page->file);
    alf_html_text(page->file, reason.text);
  }
  if (file.type == ALF_TEXT)
    put_witness_file(page, file.text);
  fputs("<dt>Measured<dd>", page->file);
  put_measures(page, j, c);
  alf_page_command(page, t->results, cell, j->id);
  fputs("</dl></article>\n", page->file);
}

/* Refutations beside the tightest one. */
static void put_more_witnesses(alf_page *page, const judged *j)
{
  const alf_table *t = &page->table[j->experiment];
  int64_t more = j->count[ALF_REFUTED] - 1, shown = 0;
  if (more <= 0)
    return;
  fprintf(page->file, "<details><summary>%" PRId64 " more of ", more);
  alf_html_text(page->file, j->id);
  fputs("</summary>\n", page->file);
  for (int64_t c = 0; c < t->results->cells && shown < ALF_REPORT_MOST_WITNESSES; c++)
    if (c != j->tightest && verdict_of(t, c, j) == ALF_REFUTED) {
      put_witness(page, j, c);
      shown++;
    }
  if (shown < more)
    fprintf(page->file, "<p class=more>The first %" PRId64 "; all are among the verdicts below.\n", shown);
  fputs("</details>\n", page->file);
}

/* The tightest first, as the table links to it. */
static void put_witnesses(alf_page *page, const judged *j, void *refuted)
{
  bool is_refuted = overall(j) == ALF_REFUTED;
  if (j->tightest < 0 || is_refuted != *(bool *)refuted)
    return;
  put_witness(page, j, j->tightest);
  if (is_refuted)
    put_more_witnesses(page, j);
}

static void put_single(alf_page *page, const judged *j, int64_t c)
{
  const alf_table *t = &page->table[j->experiment];
  int verdict = verdict_of(t, c, j);
  alf_value step = value_of(t, c, j->step), reason = value_of(t, c, j->reason);
  if (verdict < 0)
    return;
  fprintf(page->file, "<tr%s><th scope=row>", verdict == ALF_REFUTED ? " class=refuted" : "");
  alf_html_text(page->file, j->id);
  put_verdict(page, verdict);
  alf_html_number_cell(page->file, margin_of(t, c, j));
  alf_html_number(page->file, margin_of(t, c, j));
  alf_html_number_cell(page->file, step.real);
  alf_html_value(page->file, &step);
  for (int a = 0; a < t->axes; a++) {
    fputs("<td>", page->file);
    alf_html_setting(page->file, &t->results->cell[c].setting[t->axis[a]]);
  }
  fprintf(page->file, "<td class=n>%" PRId64 "<td class=says>", t->results->cell[c].repetition);
  alf_html_text(page->file, reason.type == ALF_TEXT ? reason.text : "");
  fputs("<small>", page->file);
  put_measures(page, j, c);
  fputs("</small>\n", page->file);
}

/* Every verdict of one experiment. */
static void put_singles(alf_page *page, int64_t e)
{
  const alf_table *t = &page->table[e];
  int64_t verdicts = 0, rows = 0;
  judged j;
  for (int i = 0; i < t->columns; i++) {
    bool is_claim = look(&j, page, e, i);
    for (int v = 0; is_claim && v < VERDICTS; v++)
      verdicts += j.count[v];
  }
  if (verdicts == 0)
    return;
  fprintf(page->file, "<details><summary>All %" PRId64 " verdicts of ", verdicts);
  alf_html_text(page->file, t->results->name);
  fputs("</summary><div class=scroll tabindex=0 role=region aria-label=Verdicts><table class=sort><thead><tr><th "
        "scope=col>claim<th scope=col>verdict"
        "<th scope=col class=n>margin<th scope=col class=n>update",
        page->file);
  for (int a = 0; a < t->axes; a++) {
    fputs("<th scope=col>", page->file);
    alf_html_text(page->file, t->results->cell[0].setting[t->axis[a]].name);
  }
  fputs("<th scope=col class=n>repetition<th scope=col>reason, measured<tbody>\n", page->file);
  for (int i = 0; i < t->columns; i++)
    if (look(&j, page, e, i))
      for (int64_t c = 0; c < t->results->cells && rows < ALF_REPORT_MOST_ROWS; c++, rows++)
        put_single(page, &j, c);
  fputs("</table></div>\n", page->file);
  if (rows == ALF_REPORT_MOST_ROWS)
    fprintf(page->file, "<p class=more>The first %d cells; the store has all.\n", ALF_REPORT_MOST_ROWS);
  fputs("</details>\n", page->file);
}

void alf_page_claims(alf_page *page)
{
  int64_t claims = 0;
  bool yes = true, no = false;
  for_each(page, count_refuted, &claims);
  if (claims == 0)
    return;
  fputs("<section id=claims><h2>Claims</h2>\n", page->file);
  put_summary(page);
  fputs("<div class=scroll tabindex=0 role=region aria-label=Claims><table class=sort><thead><tr><th "
        "scope=col>claim<th scope=col>verdict<th "
        "scope=col class=n>least margin<th scope=col>where<th scope=col>says<th scope=col>experiment<th scope=col "
        "class=n>holds<th scope=col class=n>refuted<th scope=col class=n>hypothesis not met<th scope=col class=n>"
        "inconclusive<tbody>\n",
        page->file);
  for_each(page, put_row, NULL);
  fputs("</table></div>\n<p class=note>Counts are of cells. A margin is the distance from failing in the claim’s own "
        "unit, negative where it is refuted, 0 for an identity that holds.\n",
        page->file);
  for_each(page, put_witnesses, &yes);
  fputs("<details id=tightest><summary>Where each claim that holds is at its tightest</summary>\n", page->file);
  for_each(page, put_witnesses, &no);
  fputs("</details>\n", page->file);
  for (int64_t e = 0; e < page->experiments; e++)
    put_singles(page, e);
  fputs("</section>\n", page->file);
}
