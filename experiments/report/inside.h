/* The parts of the page; each writes to page->file and leaves errors of writing to the end. */
#ifndef ALF_REPORT_INSIDE_H
#define ALF_REPORT_INSIDE_H

#include "report/report.h"
#include "report/table.h"

#define ALF_REPORT_MOST_ROWS      5000 /* of one table */
#define ALF_REPORT_MOST_WITNESSES 20   /* of one claim in one experiment */
#define ALF_REPORT_MOST_FAILURES  100
#define ALF_REPORT_MOST_PANELS    36 /* of one figure */

/* A page at work. */
typedef struct alf_page {
  FILE *file;
  const alf_store *store;
  bool (*stop)(void); /* may be NULL */
  int64_t experiments;
  alf_results *results; /* of each, */
  alf_table *table;     /* and the same as a table */
  char folder[256];     /* where gnuplot finds numbers and leaves drawings; "": none yet */
  bool out_of_memory;   /* something is missing for it */
  alf_report_result told;
} alf_page;

/* Made from page.css and page.js by CMake: their lines, NULL-terminated. */
extern const char *const alf_report_css[], *const alf_report_js[];

/* The declaration and head of the page, with a policy that lets nothing in and nothing run but what is in it. */
void alf_page_head(alf_page *page, const char *title);

/* What was run: one row for each experiment. */
void alf_page_overview(alf_page *page);

/* All claims that any experiment has verdicts on, the witnesses, and the single verdicts. Nothing where there are none. */
void alf_page_claims(alf_page *page);

/* Experiment number e: what all its cells share, figures, table, failures, config. */
alf_status alf_page_experiment(alf_page *page, int64_t e, alf_error *err);

/* The figures of an experiment. Errors: those of alf_series_read and alf_plot_draw, ALF_EIO, ALF_ENOMEM. */
alf_status alf_page_figures(alf_page *page, int64_t e, alf_error *err);

/* "KEY = VALUE, …" of the settings that vary, but for two of them (−1: none), and unless it is −1 the repetition. */
void alf_page_settings(alf_page *page, const alf_table *table, int64_t cell, int but, int and_but, int64_t repetition);

/* The command that does what a cell did, quoted for a shell; nothing where there is none. */
void alf_page_command(alf_page *page, const alf_results *results, const alf_result *cell, const char *claim);

#endif
