#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alf/new_file.h"
#include "gnuplot.h"
#include "report/html.h"
#include "report/inside.h"
#include "run/digest.h"

/* The SHA-256 of lines as browsers name it: of the bytes between the tags, in base64. */
static void put_hash(FILE *file, const char *const *lines)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  alf_digest digest;
  char hex[ALF_DIGEST_TEXT];
  unsigned byte[33] = {0};
  alf_digest_start(&digest);
  for (; *lines; lines++) {
    alf_digest_add(&digest, *lines, strlen(*lines));
    alf_digest_add(&digest, "\n", 1);
  }
  alf_digest_finish(&digest, hex);
  for (int i = 0; i < 32; i++)
    sscanf(hex + 2 * i, "%2x", &byte[i]);
  fputs("'sha256-", file);
  for (int i = 0; i < 33; i += 3) {
    unsigned bits = byte[i] << 16 | byte[i + 1] << 8 | byte[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6)
      putc(i == 30 && shift == 0 ? '=' : letters[bits >> shift & 63], file);
  }
  putc('\'', file);
}

static void put_lines(FILE *file, const char *const *lines)
{
  for (; *lines; lines++)
    fprintf(file, "%s\n", *lines);
}

void alf_page_head(alf_page *page, const char *title)
{
  FILE *f = page->file;
  fputs("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy "
        "content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src ",
        f);
  put_hash(f, alf_report_css);
  fputs("; script-src ", f);
  put_hash(f, alf_report_js);
  fputs("\">\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n<meta name=color-scheme "
        "content=\"light dark\">\n<title>",
        f);
  alf_html_text(f, title);
  fputs("</title>\n<style>", f);
  put_lines(f, alf_report_css);
  fputs("</style>\n</head>\n<body>\n<header><p class=kicker>alflab report\n<h1>", f);
  alf_html_text(f, title);
  fputs("</h1>\n", f);
}

static void count(alf_page *page)
{
  page->told.experiments = page->experiments;
  for (int64_t e = 0; e < page->experiments; e++)
    for (int64_t c = 0; c < page->results[e].cells; c++) {
      page->told.cells++;
      page->told.done += page->results[e].cell[c].state == ALF_CELL_DONE;
    }
}

static void put_figures_note(alf_page *page)
{
  if (!page->told.gnuplot)
    fputs("<p class=\"note missing\">There are no figures: gnuplot, which draws them, was not there when this page was "
          "made (Debian’s gnuplot-nox).\n",
          page->file);
}

static alf_status put_all(alf_page *page, alf_error *err)
{
  char title[600];
  const alf_results *first = &page->results[0];
  if (page->experiments == 1)
    snprintf(title, sizeof title, "%.500s", *first->title ? first->title : first->name);
  else
    snprintf(title, sizeof title, "%lld experiments", (long long)page->experiments);
  alf_page_head(page, title);
  alf_page_overview(page);
  put_figures_note(page);
  fputs("</header>\n<main>\n", page->file);
  alf_page_claims(page);
  fputs("<svg class=marks aria-hidden=true><defs><circle id=gpPt6 r=1 fill=currentColor /></defs></svg>\n", page->file);
  for (int64_t e = 0; e < page->experiments; e++) {
    alf_status status = alf_page_experiment(page, e, err);
    if (status != ALF_OK)
      return status;
  }
  fputs("</main>\n<script>", page->file);
  put_lines(page->file, alf_report_js);
  fputs("</script>\n</body>\n</html>\n", page->file);
  return page->out_of_memory ? alf_fail(err, ALF_ENOMEM, "out of memory: a command line") : ALF_OK;
}

/* The page can do without. */
static alf_status look_for_gnuplot(alf_page *page, alf_error *err)
{
  alf_error why = {0};
  alf_status status = alf_plot_check(&why);
  page->told.gnuplot = status == ALF_OK;
  return status == ALF_ENOMEM ? alf_fail(err, ALF_ENOMEM, "%s", why.text) : ALF_OK;
}

static alf_status read_experiments(alf_page *page, alf_error *err)
{
  alf_store_entries entries;
  alf_status status = alf_store_list(&entries, page->store, err);
  if (status == ALF_OK && entries.count == 0)
    status = alf_fail(err, ALF_EEND, "the store has no experiments: alflab run CONFIG.ini puts some into it");
  if (status == ALF_OK) {
    page->results = calloc((size_t)entries.count, sizeof *page->results);
    page->table = calloc((size_t)entries.count, sizeof *page->table);
    if (!page->results || !page->table)
      status = alf_fail_memory(err, (size_t)entries.count * sizeof *page->results);
  }
  for (int64_t e = 0; status == ALF_OK && e < entries.count; e++) {
    page->experiments++;
    status = alf_results_read(&page->results[e], page->store, entries.entry[e].digest, err);
    if (status == ALF_OK)
      status = alf_table_make(&page->table[e], &page->results[e], err);
  }
  alf_store_entries_free(&entries);
  return status;
}

static void free_page(alf_page *page)
{
  for (int64_t e = 0; e < page->experiments; e++) {
    alf_table_free(&page->table[e]);
    alf_results_free(&page->results[e]);
  }
  free(page->table);
  free(page->results);
  if (*page->folder)
    rmdir(page->folder);
}

alf_status alf_report_write(const alf_store *store, const char *path, bool (*stop)(void), alf_report_result *result,
                            alf_error *err)
{
  alf_page page = {.store = store, .stop = stop};
  alf_new_file file = {0};
  alf_status status = read_experiments(&page, err);
  if (status == ALF_OK)
    status = alf_new_file_open(&file, path, err);
  page.file = file.file;
  if (status == ALF_OK)
    status = look_for_gnuplot(&page, err);
  if (status == ALF_OK) {
    count(&page);
    status = put_all(&page, err);
  }
  if (status == ALF_OK)
    status = alf_new_file_commit(&file, err);
  alf_new_file_close(&file);
  *result = page.told;
  free_page(&page);
  return status;
}
