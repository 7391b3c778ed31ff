#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alf/new_file.h"
#include "bench/group.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/nearest.h"
#include "cli/output.h"

#define DECLARE(name) extern const alf_bench_group alf_bench_group_##name;
#define ENTRY(name)   &alf_bench_group_##name,
ALF_BENCH_GROUPS(DECLARE)
const alf_bench_group *const alf_bench_groups[] = {ALF_BENCH_GROUPS(ENTRY) NULL};

enum { MOST_GROUPS = 16, MOST_COLUMNS = 100 };

struct alf_bench_report {
  const alf_bench_group *group; /* the one that runs */
  bool prints, refuted, failed;
  alf_new_file csv;
  int columns;
  const char *column[MOST_COLUMNS]; /* of the CSV, behind the group: those of all groups that run */
  json_t *records;                  /* --json only */
};

bool alf_bench_prints(const alf_bench_report *report)
{
  return report->prints;
}

void alf_bench_refute(alf_bench_report *report)
{
  report->refuted = true;
}

void alf_bench_fail(alf_bench_report *report)
{
  report->failed = true;
}

#define FIELD(name) offsetof(alf_bench_record, name)
static const alf_bench_column timing[] = {{"instance", ALF_BENCH_QUOTED, FIELD(instance)},
                                          {"tokens", ALF_BENCH_COUNT, FIELD(tokens)},
                                          {"experts", ALF_BENCH_INT, FIELD(experts)},
                                          {"topk", ALF_BENCH_INT, FIELD(topk)},
                                          {"settings", ALF_BENCH_TEXT, FIELD(settings)},
                                          {"entrant", ALF_BENCH_TEXT, FIELD(entrant)},
                                          {"threads", ALF_BENCH_INT, FIELD(threads)},
                                          {"status", ALF_BENCH_TEXT, FIELD(status)},
                                          {"runs", ALF_BENCH_INT, FIELD(runs)},
                                          {"steps", ALF_BENCH_COUNT, FIELD(steps)},
                                          {"looked_at", ALF_BENCH_REAL, FIELD(looked_at)},
                                          {"seconds", ALF_BENCH_REAL, FIELD(seconds)},
                                          {"calibration_seconds", ALF_BENCH_REAL, FIELD(calibration_seconds)},
                                          {"certificate_seconds", ALF_BENCH_REAL, FIELD(certificate_seconds)},
                                          {"peak_bytes", ALF_BENCH_COUNT, FIELD(peak_bytes)},
                                          {"objective", ALF_BENCH_REAL, FIELD(objective)},
                                          {"agreement", ALF_BENCH_TEXT, FIELD(agreement)},
                                          {0}};

static const alf_bench_column *columns_of(const alf_bench_group *group)
{
  return group->columns ? group->columns : timing;
}

static const alf_bench_column *find_column(const alf_bench_column *columns, const char *name)
{
  for (; columns->name; columns++)
    if (!strcmp(columns->name, name))
      return columns;
  return NULL;
}

/* File names may hold commas and quotes. */
static void put_quoted(FILE *csv, const char *text)
{
  fputc('"', csv);
  for (; *text; text++)
    fputs(*text == '"' ? "\"\"" : (char[]){*text, 0}, csv);
  fputc('"', csv);
}

/* Nothing where there is no number. */
static void put_field(FILE *csv, const alf_bench_column *column, const void *field)
{
  const char *text = column->type <= ALF_BENCH_QUOTED ? *(const char *const *)field : NULL;
  if (column->type == ALF_BENCH_QUOTED || (text && strpbrk(text, ",\"\n")))
    put_quoted(csv, text);
  else if (text)
    fputs(text, csv);
  else if (column->type == ALF_BENCH_INT)
    fprintf(csv, "%d", *(const int *)field);
  else if (column->type == ALF_BENCH_COUNT && *(const int64_t *)field >= 0)
    fprintf(csv, "%" PRId64, *(const int64_t *)field);
  else if (column->type == ALF_BENCH_REAL && isfinite(*(const double *)field))
    fprintf(csv, "%.17g", *(const double *)field);
}

static void put_line(const alf_bench_report *report, const void *record)
{
  FILE *csv = report->csv.file;
  fputs(report->group->name, csv);
  for (int i = 0; i < report->columns; i++) {
    const alf_bench_column *column = find_column(columns_of(report->group), report->column[i]);
    fputc(',', csv);
    if (column)
      put_field(csv, column, (const char *)record + column->field);
  }
  fputc('\n', csv);
}

static json_t *json_field(const alf_bench_column *column, const void *field)
{
  switch (column->type) {
  case ALF_BENCH_INT:
    return json_integer(*(const int *)field);
  case ALF_BENCH_COUNT:
    return *(const int64_t *)field < 0 ? json_null() : json_integer(*(const int64_t *)field);
  case ALF_BENCH_REAL:
    return alf_cli_json_real(*(const double *)field);
  default:
    return alf_cli_json_text(*(const char *const *)field);
  }
}

static json_t *json_record(const alf_bench_group *group, const void *record)
{
  json_t *object = json_pack("{ss}", "group", group->name);
  for (const alf_bench_column *column = columns_of(group); column->name; column++)
    alf_cli_json_set(&object, column->name, json_field(column, (const char *)record + column->field));
  return object;
}

void alf_bench_put(alf_bench_report *report, const void *record)
{
  if (report->csv.file)
    put_line(report, record);
  if (report->records)
    alf_cli_json_append(&report->records, json_record(report->group, record));
}

static bool is_wanted(const char *name, const alf_bench_group *group)
{
  return !name || !strcmp(name, group->name);
}

static alf_status check_name(const char *name, alf_error *err)
{
  const char *names[MOST_GROUPS + 1] = {NULL};
  for (int i = 0; alf_bench_groups[i] && i < MOST_GROUPS; i++) {
    names[i] = alf_bench_groups[i]->name;
    if (is_wanted(name, alf_bench_groups[i]))
      return ALF_OK;
  }
  char known[300];
  alf_cli_nearest(name, names, "", known, sizeof known);
  return alf_fail(err, ALF_EINVAL, "--group %s: no such group; %s", name, known);
}

static void add_columns(alf_bench_report *report, const alf_bench_group *group)
{
  for (const alf_bench_column *column = columns_of(group); column->name; column++) {
    int i = 0;
    while (i < report->columns && strcmp(report->column[i], column->name) != 0)
      i++;
    if (i == report->columns && i < MOST_COLUMNS)
      report->column[report->columns++] = column->name;
  }
}

static alf_status open_csv(alf_bench_report *report, const char *name, const char *path, alf_error *err)
{
  alf_status status = path ? alf_new_file_open(&report->csv, path, err) : ALF_OK;
  if (!path || status != ALF_OK)
    return status;
  for (int i = 0; alf_bench_groups[i]; i++)
    if (is_wanted(name, alf_bench_groups[i]))
      add_columns(report, alf_bench_groups[i]);
  fputs("group", report->csv.file);
  for (int i = 0; i < report->columns; i++)
    fprintf(report->csv.file, ",%s", report->column[i]);
  fputc('\n', report->csv.file);
  return ALF_OK;
}

static alf_status run_groups(alf_bench_report *report, const char *name, const alf_cli_options *options, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; alf_bench_groups[i] && status == ALF_OK; i++) {
    report->group = alf_bench_groups[i];
    if (is_wanted(name, report->group))
      status = report->group->run(options, report, err);
  }
  if (status != ALF_OK && alf_cli_interrupted())
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return status;
}

/* What was measured before an interruption is kept. */
static alf_status finish(alf_bench_report *report, alf_status status, double start, alf_error *err)
{
  if (report->csv.file && (status == ALF_OK || status == ALF_EINTERRUPTED)) {
    alf_status written = alf_new_file_commit(&report->csv, err);
    status = written ? written : status;
  }
  if (report->prints || (status != ALF_OK && status != ALF_EINTERRUPTED)) {
    json_decref(report->records);
    return status;
  }
  json_t *object = json_pack("{so sf}", "records", report->records, "seconds", alf_cli_seconds() - start);
  alf_status printed = alf_cli_print_json(object, err);
  return printed ? printed : status;
}

int alf_bench_run(const char *name, const alf_cli_options *options, alf_error *err)
{
  double start = alf_cli_seconds();
  alf_bench_report report = {.prints = !options->json};
  alf_status status = check_name(name, err);
  if (status == ALF_OK)
    status = open_csv(&report, name, options->csv, err);
  if (status == ALF_OK) {
    report.records = options->json ? json_array() : NULL;
    status = finish(&report, run_groups(&report, name, options, err), start, err);
  }
  alf_new_file_close(&report.csv);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return report.refuted ? ALF_CLI_REFUTED : report.failed ? ALF_CLI_FAILED : ALF_CLI_HELD;
}
