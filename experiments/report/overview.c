#include <inttypes.h>
#include <string.h>

#include "report/html.h"
#include "report/inside.h"

static int64_t count_state(const alf_results *r, alf_cell_state state)
{
  int64_t count = 0;
  for (int64_t c = 0; c < r->cells; c++)
    count += r->cell[c].state == state;
  return count;
}

static int64_t count_failed(const alf_results *r)
{
  return count_state(r, ALF_CELL_FAILED) + count_state(r, ALF_CELL_TIMEOUT);
}

static double seconds_of(const alf_results *r)
{
  double seconds = 0;
  for (int64_t c = 0; c < r->cells; c++)
    seconds += *r->cell[c].started ? r->cell[c].seconds : 0;
  return seconds;
}

/* Whether an earlier cell has that commit. Cells of a run have the same one, mostly. */
static bool is_new(const alf_results *r, int64_t c)
{
  if (!*r->cell[c].commit)
    return false;
  for (int64_t i = c - 1; i >= 0; i--)
    if (!strcmp(r->cell[i].commit, r->cell[c].commit))
      return false;
  return true;
}

static void put_commits(alf_page *page, const alf_results *r)
{
  int shown = 0;
  for (int64_t c = 0; c < r->cells && shown < 5; c++) {
    if (!is_new(r, c))
      continue;
    fputs(shown++ ? ", " : "", page->file);
    alf_html_text(page->file, r->cell[c].commit);
  }
  if (shown == 0)
    fputs("–", page->file);
}

/* Times are texts that sort. */
static void put_days(alf_page *page, const alf_results *r)
{
  const char *first = "", *last = "";
  for (int64_t c = 0; c < r->cells; c++) {
    const char *started = r->cell[c].started;
    if (*started && (!*first || strcmp(started, first) < 0))
      first = started;
    if (strcmp(started, last) > 0)
      last = started;
  }
  char day[2][11];
  snprintf(day[0], sizeof day[0], "%.10s", first);
  snprintf(day[1], sizeof day[1], "%.10s", last);
  alf_html_text(page->file, *first ? day[0] : "–");
  if (strcmp(day[0], day[1])) {
    fputs(" to ", page->file);
    alf_html_text(page->file, day[1]);
  }
}

static void put_row(alf_page *page, int64_t e)
{
  const alf_results *r = &page->results[e];
  fprintf(page->file, "<tr><th scope=row><a href=\"#e%" PRId64 "\">", e + 1);
  alf_html_text(page->file, r->name);
  fputs("</a><td class=says>", page->file);
  alf_html_text(page->file, r->title);
  fputs("<td>", page->file);
  alf_html_text(page->file, r->kind);
  fprintf(page->file, "<td class=n>%" PRId64, r->cells);
  int64_t failed = count_failed(r);
  int64_t state[] = {count_state(r, ALF_CELL_DONE), failed, count_state(r, ALF_CELL_WAITING)};
  for (int i = 0; i < 3; i++)
    fprintf(page->file, "<td class=\"n%s%s\">%" PRId64, state[i] ? "" : " zero", i == 1 && failed ? " bad" : "",
            state[i]);
  alf_html_number_cell(page->file, seconds_of(r));
  alf_html_number(page->file, seconds_of(r));
  fputs("<td>", page->file);
  put_days(page, r);
  fputs("<td class=code>", page->file);
  put_commits(page, r);
  char code[13];
  snprintf(code, sizeof code, "%.12s", r->code);
  fputs("<td class=code>", page->file);
  alf_html_text(page->file, code);
  fputs("\n", page->file);
}

static void put_lead(alf_page *page)
{
  const alf_report_result *told = &page->told;
  int64_t failed = 0;
  for (int64_t e = 0; e < page->experiments; e++)
    failed += count_failed(&page->results[e]);
  fputs("<p class=lead>", page->file);
  alf_html_count(page->file, told->cells, "cell");
  if (told->done == told->cells)
    fputs(", all done", page->file);
  else
    fprintf(page->file, ", of which %" PRId64 " %s done", told->done, told->done == 1 ? "is" : "are");
  if (failed > 0)
    fprintf(page->file, " and <span class=bad>%" PRId64 " failed</span>", failed);
  fputs(".\n", page->file);
}

void alf_page_overview(alf_page *page)
{
  put_lead(page);
  fputs("<div class=scroll tabindex=0 role=region aria-label=Experiments><table class=sort><thead><tr><th "
        "scope=col>experiment<th scope=col>title<th "
        "scope=col>kind<th scope=col class=n>cells<th scope=col class=n>done<th scope=col class=n>failed<th scope=col "
        "class=n>waiting<th scope=col class=n>seconds<th scope=col>run on<th scope=col>commit<th scope=col>code<tbody>"
        "\n",
        page->file);
  for (int64_t e = 0; e < page->experiments; e++)
    put_row(page, e);
  fputs("</table></div>\n<p class=note>Seconds are summed over the cells. Code is the digest of the sources that the "
        "results rest on. The store does not say on which machine the cells were run.\n",
        page->file);
}
