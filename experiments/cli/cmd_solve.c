#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/judge.h"
#include "alf/solver.h"
#include "cli/announce.h"
#include "cli/capacities.h"
#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/face.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/record.h"
#include "measure/measure.h"

/* The batch at hand and what has become of it. */
typedef struct solve_run {
  const alf_cli_options *options;
  const alf_solver *solver;
  alf_source *source;
  alf_affinity batch;
  alf_problem problem;
  alf_solution solution;
  alf_certificate certificate;
  alf_judgement judgement; /* --judge only */
  int64_t *capacity;       /* --capacities only */
  alf_cli_shift shift;     /* --against only */
  alf_cli_face face;       /* --face only */
  alf_cli_record record;   /* --csv only */
  double read_seconds, certificate_seconds;
  json_t *batches; /* the reports of a stream, --json only */
} solve_run;

static void free_run(solve_run *run)
{
  alf_new_file_close(&run->record.csv);
  alf_cli_face_free(&run->face);
  alf_cli_shift_free(&run->shift);
  free(run->capacity);
  alf_solution_free(&run->solution);
  alf_affinity_free(&run->batch);
  alf_source_close(run->source);
  json_decref(run->batches);
}

static bool wants_face(const solve_run *run)
{
  return run->options->face || run->options->against;
}

/* An approximate solver is held to the constraints only. */
static bool met_contract(const solve_run *run)
{
  const alf_certificate *c = &run->certificate;
  bool feasible = !c->row_violations && !c->entry_violations && !c->load_violations;
  return c->certified || (run->solver->approximate && feasible);
}

static const char *solve_status(const solve_run *run)
{
  if (run->certificate.certified)
    return "optimal";
  return met_contract(run) ? "approximate" : "uncertified";
}

static const char *problem_name(const solve_run *run)
{
  return run->problem.capacity ? "capacities" : run->problem.kind == ALF_ROUNDED ? "rounded" : "fractional";
}

static double price(const solve_run *run, int32_t k)
{
  return ldexp((double)run->solution.price[k], -run->batch.grid_bits);
}

static json_t *json_prices(const solve_run *run)
{
  json_t *list = json_array();
  for (int32_t k = 0; k < run->batch.experts; k++)
    alf_cli_json_append(&list, json_real(price(run, k)));
  return list;
}

static const char *verdict(const solve_run *run)
{
  return run->judgement.confirmed ? "confirmed" : "not confirmed";
}

static void add_judgement(json_t **object, const solve_run *run)
{
  const alf_judgement *j = &run->judgement;
  alf_cli_json_set(object, "judge", json_string(verdict(run)));
  alf_cli_json_set(object, "judge_pivots", json_integer((json_int_t)j->pivots));
  alf_cli_json_set(object, "judge_seconds", json_real(j->seconds));
  alf_cli_json_set(object, "judge_columns", json_integer((json_int_t)j->columns));
}

static json_t *json_report(const solve_run *run)
{
  const alf_certificate *c = &run->certificate;
  const alf_solution *s = &run->solution;
  json_t *object = json_pack(
      "{sI si si ss ss ss so so so so sb sf sf sI sI sI sI sI sI sf sf sf sI so}", /* the order of design.md */
      "tokens", (json_int_t)run->batch.tokens, "experts", (int)run->batch.experts, "topk", (int)run->problem.topk,
      "solver", run->solver->name, "problem", problem_name(run), "status", solve_status(run), "objective",
      alf_cli_json_real(c->objective), "dual_bound", alf_cli_json_real(c->dual_bound), "gap", alf_cli_json_real(c->gap),
      "rounding_bound", alf_cli_json_real(c->rounding_bound), "certified", (int)c->certified, "max_load", c->max_load,
      "min_load", c->min_load, "pivots", (json_int_t)s->pivots, "iterations", (json_int_t)s->iterations, "repairs",
      (json_int_t)s->repairs, "fractional_entries", (json_int_t)c->fractional_entries, "tied_tokens",
      (json_int_t)c->tied_tokens, "slackness_violations", (json_int_t)c->slackness_violations, "seconds", s->seconds,
      "read_seconds", run->read_seconds, "certificate_seconds", run->certificate_seconds, "peak_bytes",
      (json_int_t)alf_cli_peak_bytes(), "prices", json_prices(run));
  if (run->options->judge)
    add_judgement(&object, run);
  if (wants_face(run))
    alf_cli_json_set(&object, "face", alf_cli_face_json(&run->face));
  return object;
}

static void print_prices(const solve_run *run)
{
  enum { COLUMNS = 6 };
  for (int32_t k = 0; k < run->batch.experts; k++) {
    if (k % COLUMNS == 0)
      printf("%s%-20s", k ? "\n" : "", k ? "" : "prices");
    printf(" %12.9f", price(run, k));
  }
  putchar('\n');
}

static void print_shape(const solve_run *run)
{
  alf_cli_row("tokens", "%lld", (long long)run->batch.tokens);
  alf_cli_row("experts", "%d", run->batch.experts);
  alf_cli_row("topk", "%d", run->problem.topk);
  alf_cli_row("solver", "%s", run->solver->name);
  alf_cli_row("problem", "%s", problem_name(run));
}

static void print_judgement(const solve_run *run)
{
  alf_cli_row("judge", "%s", verdict(run));
  alf_cli_row("judge_pivots", "%lld", (long long)run->judgement.pivots);
  alf_cli_row("judge_seconds", "%.3f", run->judgement.seconds);
  alf_cli_row("judge_columns", "%lld", (long long)run->judgement.columns);
}

static void print_report(const solve_run *run)
{
  const alf_certificate *c = &run->certificate;
  const alf_solution *s = &run->solution;
  print_shape(run);
  alf_cli_row("status", "%s", solve_status(run));
  alf_cli_row("objective", "%.12g", c->objective);
  alf_cli_row("dual_bound", "%.12g", c->dual_bound);
  alf_cli_row("gap", "%g%s", c->gap, c->gap == 0 ? " (exactly)" : "");
  alf_cli_row("rounding_bound", "%.3g", c->rounding_bound);
  alf_cli_row("certified", "%s", c->certified ? "yes" : "no");
  alf_cli_row("max_load", "%.12g", c->max_load);
  alf_cli_row("min_load", "%.12g", c->min_load);
  alf_cli_row("pivots", "%lld", (long long)s->pivots);
  alf_cli_row("iterations", "%lld", (long long)s->iterations);
  alf_cli_row("repairs", "%lld", (long long)s->repairs);
  alf_cli_row("tied_tokens", "%lld", (long long)c->tied_tokens);
  alf_cli_row("slackness_violations", "%lld", (long long)c->slackness_violations);
  alf_cli_row("seconds", "%.3f", s->seconds);
  alf_cli_row("read_seconds", "%.3f", run->read_seconds);
  alf_cli_row("certificate_seconds", "%.3f", run->certificate_seconds);
  alf_cli_row("peak_bytes", "%lld", (long long)alf_cli_peak_bytes());
  if (run->options->judge)
    print_judgement(run);
  print_prices(run);
  if (wants_face(run))
    alf_cli_face_print(&run->face);
}

/* One line of the table of a stream. */
static void print_line(const solve_run *run, int64_t index)
{
  const alf_certificate *c = &run->certificate;
  if (index == 0) {
    print_shape(run);
    printf("\n%5s  %-11s  %18s  %8s  %9s  %9s  %7s  %7s  seconds\n", "batch", "status", "objective", "gap", "max_load",
           "min_load", "pivots", "repairs");
  }
  printf("%5lld  %-11s  %18.12g  %8.2g  %9.6g  %9.6g  %7lld  %7lld  %.3f\n", (long long)index, solve_status(run),
         c->objective, c->gap, c->max_load, c->min_load, (long long)run->solution.pivots,
         (long long)run->solution.repairs, run->solution.seconds);
  if (run->options->judge)
    printf("       judge: %s, %lld pivots, %lld columns\n", verdict(run), (long long)run->judgement.pivots,
           (long long)run->judgement.columns);
  if (wants_face(run))
    alf_cli_face_print_line(&run->face);
  fflush(stdout);
}

/* Says which batch of a stream an error is about. */
static alf_status name_batch(const solve_run *run, int64_t index, alf_error *err)
{
  alf_error cause = *err;
  if (alf_source_describe(run->source)->batches == 1)
    return cause.code;
  return alf_fail(err, cause.code, "batch %lld: %.450s", (long long)index, cause.text);
}

/* --timeout is for the batch: what follows has what was left by the work of so many seconds. */
static void take_time(alf_solve_settings *settings, double seconds)
{
  if (settings->timeout > 0)
    settings->timeout = fmax(settings->timeout - seconds, 1e-9);
}

/* What --judge and --face add to a solved batch. */
static alf_status examine(solve_run *run, alf_solve_settings *settings, int64_t index, alf_error *err)
{
  alf_status status = ALF_OK;
  take_time(settings, run->solution.seconds);
  if (run->options->judge) {
    alf_judge_settings judge = {.timeout = settings->timeout, .stop = settings->stop};
    status = alf_judge(&run->problem, &run->solution, &judge, &run->judgement, err);
    take_time(settings, run->judgement.seconds);
  }
  if (status == ALF_OK && wants_face(run))
    status = alf_cli_face_measure(&run->face, &run->problem, &run->solution, &run->certificate, settings, &run->shift,
                                  index, err);
  return status;
}

/* The solve alone, and its record where one is asked for. */
static alf_status solve_batch(solve_run *run, int64_t index, alf_solve_settings *settings, alf_error *err)
{
  bool recorded = run->record.csv.file;
  alf_optimum optimum = {0};
  alf_status status = ALF_OK;
  if (recorded) {
    status = alf_optimum_find(&run->problem, settings, &optimum, err);
    run->record.batch = index;
    run->record.optimum = optimum.value;
    settings->observe = alf_cli_record_progress;
    settings->context = &run->record;
  }
  if (status == ALF_OK)
    status = alf_solve(run->solver, &run->problem, settings, &run->solution, err);
  double start = alf_cli_seconds();
  if (status == ALF_OK)
    status = alf_certify(&run->problem, &run->solution, &run->certificate, err);
  run->certificate_seconds = alf_cli_seconds() - start;
  if (status == ALF_OK && recorded && !run->solver->approximate)
    alf_cli_record_exact(&run->record, &run->solution, &run->certificate);
  return status;
}

/* ALF_EEND after the last batch. */
static alf_status solve_next(solve_run *run, int64_t index, alf_error *err)
{
  double start = alf_cli_seconds();
  alf_status status = alf_input_next(run->source, NULL, ALF_DYADIC, &run->batch, err);
  run->read_seconds = alf_cli_seconds() - start;
  if (status != ALF_OK)
    return status;

  run->problem = (alf_problem){.batch = &run->batch,
                               .topk = (int32_t)run->options->topk,
                               .kind = run->options->rounded ? ALF_ROUNDED : ALF_FRACTIONAL,
                               .capacity = run->capacity};
  if (index == 0)
    alf_cli_announce_solve(run->solver, &run->problem, run->options->quiet);
  alf_solve_settings settings = {.timeout = run->options->timeout,
                                 .threads = (int)run->options->threads,
                                 .stop = alf_cli_interrupted,
                                 .tolerance = run->options->tolerance,
                                 .iterations = run->options->iterations};
  status = solve_batch(run, index, &settings, err);
  if (status == ALF_OK)
    status = examine(run, &settings, index, err);
  return status == ALF_OK ? status : name_batch(run, index, err);
}

static alf_status report(solve_run *run, int64_t index, bool stream, alf_error *err)
{
  if (run->options->json && !stream)
    return alf_cli_print_json(json_report(run), err);
  if (run->options->json)
    alf_cli_json_append(&run->batches, json_report(run));
  else if (stream)
    print_line(run, index);
  else
    print_report(run);
  return ALF_OK;
}

static int solve_batches(solve_run *run, alf_error *err)
{
  bool stream = alf_source_describe(run->source)->batches > 1;
  bool all_met = true;
  alf_status status = ALF_OK;
  if (stream && run->options->json)
    run->batches = json_array();
  for (int64_t index = 0; status == ALF_OK && !alf_cli_interrupted(); index++) {
    status = solve_next(run, index, err);
    if (status == ALF_OK) {
      all_met = all_met && met_contract(run);
      all_met = all_met && (!run->options->judge || run->judgement.confirmed);
      all_met = all_met && (!wants_face(run) || run->face.certificate.certified);
      status = report(run, index, stream, err);
    }
  }
  if (stream && run->options->json) {
    alf_status printed = alf_cli_print_json(json_pack("{so}", "batches", run->batches), err);
    run->batches = NULL;
    status = printed == ALF_OK ? status : printed;
  }
  if (status == ALF_EEND && run->record.csv.file)
    status = alf_new_file_commit(&run->record.csv, err);
  if (status != ALF_OK && status != ALF_EEND)
    return alf_cli_exit_code(status);
  if (alf_cli_interrupted())
    return ALF_CLI_INTERRUPTED;
  return all_met ? ALF_CLI_HELD : ALF_CLI_FAILED;
}

/* What is known before the input is read. */
static alf_status prepare(solve_run *run, alf_error *err)
{
  const alf_cli_options *options = run->options;
  run->solver = alf_solver_find(options->solver);
  if (!run->solver)
    return alf_cli_fail_name("--solver ", options->solver, "solvers", err);
  if (run->solver->approximate && (wants_face(run) || options->judge))
    return alf_fail(err, ALF_EINVAL, "--solver %s: %s needs an exact solver, and this one is approximate",
                    run->solver->name,
                    options->judge  ? "--judge"
                    : options->face ? "--face"
                                    : "--against");
  if (options->rounded && options->capacities)
    return alf_fail(err, ALF_EINVAL, "--rounded with --capacities: expected one of them, capacities are whole slots");
  return options->csv ? alf_cli_record_open(&run->record, options->csv, err) : ALF_OK;
}

/* Opens INPUT and reads what goes with it. */
static alf_status read_input(solve_run *run, alf_error *err)
{
  const alf_cli_options *options = run->options;
  alf_status status = alf_cli_open(&run->source, options->argument[0], options, err);
  if (status != ALF_OK)
    return status;
  const alf_source_info *input = alf_source_describe(run->source);
  if (options->capacities)
    status = alf_cli_capacities_read(&run->capacity, options->capacities, input, options->topk, err);
  if (status == ALF_OK && options->against)
    status = alf_cli_shift_read(&run->shift, options->against, input->experts, input->batches, err);
  return status;
}

static int run(const alf_cli_options *options, alf_error *err)
{
  solve_run state = {.options = options};
  alf_status status = prepare(&state, err);
  if (status == ALF_OK)
    status = read_input(&state, err);
  int code = status == ALF_OK ? solve_batches(&state, err) : alf_cli_exit_code(status);
  free_run(&state);
  return code;
}

const alf_cli_command alf_cli_command_solve = {
    .name = "solve",
    .summary = "The exact optimum of the assignment problem of a batch, with a certificate",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .details =
        "INPUT is a file (x.npy, x.npy@batch, x.npz:key), a directory of .npy files or a synthetic family "
        "(uniform:T=1024,E=64,seed=1). Every batch of a stream is solved in turn. The result is checked in exact "
        "integers by code that shares nothing with the solvers; exit code 4 when it is not proven optimal, with "
        "--judge not confirmed or, from an approximate solver, violates a constraint. --against takes FILE.npy with "
        "one shift vector, or FILE.npy@ROW of several, and rounds it to the grid of the batch; a file with as many "
        "rows as INPUT has batches needs no ROW.",
    .run = run,
};
