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

enum { MOST_GROUPS = 16 };

struct alf_bench_report {
  const alf_bench_group *group; /* the one that runs */
  bool prints, refuted, failed;
  alf_new_file csv;
  json_t *records; /* --json only */
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

/* An empty field where there is no number. */
static void put_real(FILE *csv, double value)
{
  if (isfinite(value))
    fprintf(csv, ",%.17g", value);
  else
    fputc(',', csv);
}

static void put_count(FILE *csv, int64_t value)
{
  put_real(csv, value < 0 ? (double)NAN : (double)value);
}

/* File names may hold commas and quotes. */
static void put_quoted(FILE *csv, const char *text)
{
  fputs(",\"", csv);
  for (; *text; text++)
    fputs(*text == '"' ? "\"\"" : (char[]){*text, 0}, csv);
  fputc('"', csv);
}

static void put_line(FILE *csv, const char *group, const alf_bench_record *r)
{
  fputs(group, csv);
  put_quoted(csv, r->instance);
  fprintf(csv, ",%" PRId64 ",%d,%d,%s,%s,%d,%s,%d", r->tokens, (int)r->experts, (int)r->topk, r->settings, r->entrant,
          r->threads, r->status, r->runs);
  put_count(csv, r->steps);
  put_real(csv, r->looked_at);
  put_real(csv, r->seconds);
  put_real(csv, r->calibration_seconds);
  put_real(csv, r->certificate_seconds);
  put_count(csv, r->peak_bytes);
  put_real(csv, r->objective);
  fprintf(csv, ",%s\n", r->agreement);
}

static json_t *json_count(int64_t value)
{
  return value < 0 ? json_null() : json_integer(value);
}

static json_t *json_record(const char *group, const alf_bench_record *r)
{
  return json_pack("{ss so sI si si ss ss si ss si so so so so so so so ss}", "group", group, "instance",
                   alf_cli_json_text(r->instance), "tokens", (json_int_t)r->tokens, "experts", (int)r->experts, "topk",
                   (int)r->topk, "settings", r->settings, "entrant", r->entrant, "threads", r->threads, "status",
                   r->status, "runs", r->runs, "steps", json_count(r->steps), "looked_at",
                   alf_cli_json_real(r->looked_at), "seconds", alf_cli_json_real(r->seconds), "calibration_seconds",
                   alf_cli_json_real(r->calibration_seconds), "certificate_seconds",
                   alf_cli_json_real(r->certificate_seconds), "peak_bytes", json_count(r->peak_bytes), "objective",
                   alf_cli_json_real(r->objective), "agreement", r->agreement);
}

void alf_bench_put(alf_bench_report *report, const alf_bench_record *record)
{
  if (report->csv.file)
    put_line(report->csv.file, report->group->name, record);
  if (report->records)
    alf_cli_json_append(&report->records, json_record(report->group->name, record));
}

static alf_status check_name(const char *name, alf_error *err)
{
  const char *names[MOST_GROUPS + 1] = {NULL};
  for (int i = 0; alf_bench_groups[i] && i < MOST_GROUPS; i++) {
    names[i] = alf_bench_groups[i]->name;
    if (!name || !strcmp(name, names[i]))
      return ALF_OK;
  }
  char known[300];
  alf_cli_nearest(name, names, "", known, sizeof known);
  return alf_fail(err, ALF_EINVAL, "--group %s: no such group; %s", name, known);
}

static alf_status open_csv(alf_bench_report *report, const char *path, alf_error *err)
{
  alf_status status = path ? alf_new_file_open(&report->csv, path, err) : ALF_OK;
  if (path && status == ALF_OK)
    fprintf(report->csv.file,
            "group,instance,tokens,experts,topk,settings,entrant,threads,status,runs,steps,looked_at,seconds,"
            "calibration_seconds,certificate_seconds,peak_bytes,objective,agreement\n");
  return status;
}

static alf_status run_groups(alf_bench_report *report, const char *name, const alf_cli_options *options, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; alf_bench_groups[i] && status == ALF_OK; i++) {
    report->group = alf_bench_groups[i];
    if (!name || !strcmp(name, report->group->name))
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
    status = open_csv(&report, options->csv, err);
  if (status == ALF_OK) {
    report.records = options->json ? json_array() : NULL;
    status = finish(&report, run_groups(&report, name, options, err), start, err);
  }
  alf_new_file_close(&report.csv);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return report.refuted ? ALF_CLI_REFUTED : report.failed ? ALF_CLI_FAILED : ALF_CLI_HELD;
}
