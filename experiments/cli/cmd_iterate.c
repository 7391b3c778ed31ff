#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/cycle.h"
#include "alf/iterate.h"
#include "alf/new_file.h"
#include "alf/solver.h"
#include "cli/choice.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/progress.h"

#define DEFAULT_STEPS 1000

typedef struct iterate_run {
  const alf_cli_options *options;
  alf_cell cell; /* rule, schedule, u */
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  alf_format format;
  alf_cli_cell_text name;
  alf_source *source;
  bool repeated;         /* one batch again and again, not a stream */
  alf_affinity batch[2]; /* batch[n % 2] is routed in iterate n of a stream */
  alf_iterate *iterate;
  alf_cycle *cycle; /* NULL where the next state is not a function of the shift modulo a common one */
  alf_new_file csv;
  int64_t steps;
  double seconds;          /* in alf_iterate_step alone */
  int64_t last_off_target; /* the last iterate with a load off target; −1: none */
  double violation_total;  /* over iterates 1..n */
  double optimum, gap;     /* NAN where not known */
} iterate_run;

static void free_run(iterate_run *run)
{
  alf_new_file_close(&run->csv);
  alf_cycle_free(run->cycle);
  alf_iterate_free(run->iterate);
  alf_affinity_free(&run->batch[0]);
  alf_affinity_free(&run->batch[1]);
  alf_source_close(run->source);
}

/* The next batch of the stream, the first one again after the last. */
static alf_status read_batch(iterate_run *run, alf_affinity *batch, alf_error *err)
{
  alf_dtype dtype = run->options->float_mode ? ALF_FLOAT64 : ALF_DYADIC;
  alf_status status = alf_cli_next(run->source, NULL, dtype, batch, err);
  if (status != ALF_EEND)
    return status;
  alf_source_rewind(run->source);
  return alf_cli_next(run->source, NULL, dtype, batch, err);
}

static alf_status find_parts(iterate_run *run, alf_error *err)
{
  run->cell = (alf_cell){.u = run->options->u,
                         .rule_values = run->rule_value,
                         .schedule_values = run->schedule_value,
                         .format = &run->format};
  alf_status status = alf_cli_read_rule(run->options->rule, &run->cell.rule, run->rule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_schedule(run->options->schedule, &run->cell.schedule, run->schedule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_format(run->options->format, &run->format, err);
  if (status == ALF_OK)
    run->name = alf_cli_describe(&run->cell);
  return status;
}

static void choose_steps(iterate_run *run)
{
  int64_t batches = alf_source_describe(run->source)->batches;
  run->repeated = batches == 1;
  run->steps = run->options->steps ? run->options->steps : run->repeated ? DEFAULT_STEPS : batches - 1;
}

static alf_status start_cycle(iterate_run *run, alf_error *err)
{
  if (!run->repeated || !alf_iterate_may_cycle(run->iterate))
    return ALF_OK;
  size_t size = alf_iterate_state(run->iterate).size;
  return alf_cycle_alloc(&run->cycle, run->batch[0].experts, size, run->steps, err);
}

static alf_status start_csv(iterate_run *run, alf_error *err)
{
  if (!run->options->csv)
    return ALF_OK;
  alf_status status = alf_new_file_open(&run->csv, run->options->csv, err);
  if (status == ALF_OK)
    fprintf(run->csv.file, "n,step_size,max_load,min_load,max_violation,objective,dual_value,switched_tokens,rule,"
                           "schedule,format\n");
  return status;
}

static alf_status start(iterate_run *run, alf_error *err)
{
  alf_status status = find_parts(run, err);
  if (status == ALF_OK)
    status = alf_cli_open(&run->source, run->options->argument[0], run->options, err);
  if (status == ALF_OK)
    status = read_batch(run, &run->batch[0], err);
  if (status != ALF_OK)
    return status;

  choose_steps(run);
  alf_iterate_settings settings = {.rule = run->cell.rule,
                                   .schedule = run->cell.schedule,
                                   .u = run->cell.u,
                                   .topk = (int32_t)run->options->topk,
                                   .rule_values = run->rule_value,
                                   .schedule_values = run->schedule_value,
                                   .format = &run->format};
  status = alf_iterate_alloc(&run->iterate, &run->batch[0], &settings, err);
  if (status == ALF_OK)
    status = alf_iterate_start(run->iterate, &run->batch[0], err);
  if (status == ALF_OK)
    status = start_cycle(run, err);
  return status == ALF_OK ? start_csv(run, err) : status;
}

static int64_t slots(const alf_step *step)
{
  return step->topk * step->batch_after->tokens;
}

/* One more cell; a text with commas has to be quoted, and has no quotes itself. */
static void print_cell_of_csv(FILE *csv, const char *text)
{
  const char *quote = strchr(text, ',') ? "\"" : "";
  fprintf(csv, ",%s%s%s", quote, text, quote);
}

/* Takes note of the current iterate. */
static void observe(iterate_run *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  alf_cli_balance balance = alf_cli_measure_balance(step->load_after, step->batch_after->experts, slots(step));
  if (!balance.on_target)
    run->last_off_target = step->n;
  if (step->n > 0)
    run->violation_total += balance.max_violation;
  if (run->cycle) {
    alf_iterate_whole whole = alf_iterate_state(run->iterate);
    alf_cycle_observe(run->cycle, whole.bytes, whole.common, step->load_after, slots(step));
  }
  if (!run->csv.file)
    return;
  alf_cli_value value = alf_cli_measure_value(step);
  fprintf(run->csv.file, "%" PRId64 ",%.17g,%" PRId64 ",%" PRId64 ",%.17g,%.17g,%.17g,%" PRId64, step->n,
          step->step_size, balance.max_load, balance.min_load, balance.max_violation, value.objective, value.dual_value,
          alf_cli_count_switched(step));
  print_cell_of_csv(run->csv.file, run->name.rule);
  print_cell_of_csv(run->csv.file, run->name.schedule);
  print_cell_of_csv(run->csv.file, run->name.format);
  putc('\n', run->csv.file);
}

static alf_status iterate(iterate_run *run, alf_error *err)
{
  alf_cli_progress progress = alf_cli_progress_start("updates", run->steps, run->options->quiet);
  alf_status status = ALF_OK;
  observe(run);
  for (int64_t n = 1; status == ALF_OK && n <= run->steps && !alf_cli_interrupted(); n++) {
    alf_affinity *next = &run->batch[run->repeated ? 0 : n % 2];
    if (!run->repeated)
      status = read_batch(run, next, err);
    double before = alf_cli_seconds();
    const alf_step *step = NULL;
    if (status == ALF_OK)
      status = alf_iterate_step(run->iterate, next, &step, err);
    run->seconds += alf_cli_seconds() - before;
    if (status == ALF_OK)
      observe(run);
    alf_cli_progress_tick(&progress, n);
  }
  alf_cli_progress_end(&progress);
  return status;
}

/* D(p) − optimum, rounded once from the exact difference where both are exact. */
static double gap_to(const alf_cli_value *value, const alf_affinity *batch, const alf_certificate *certificate,
                     int64_t denominator)
{
  if (!value->exact)
    return value->dual_value - certificate->objective;
  alf_int128 optimum = certificate->primal * (batch->experts / denominator);
  return alf_int128_to_double(value->dual_exact - optimum, batch->grid_bits, batch->experts);
}

/* The certified optimum of the fractional problem of the last batch; a failure leaves it unknown and says why. */
static alf_status solve_last(iterate_run *run, alf_error *err)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  alf_affinity dyadic = {0};
  alf_problem problem = {step->batch_after, step->topk, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = ALF_OK;
  if (step->batch_after->dtype != ALF_DYADIC) {
    status = alf_affinity_convert(step->batch_after, ALF_DYADIC, &dyadic, err);
    problem.batch = &dyadic;
  }
  alf_solve_settings settings = {.threads = (int)run->options->threads, .stop = alf_cli_interrupted};
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("auto"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  if (status == ALF_OK && certificate.certified) {
    alf_cli_value value = alf_cli_measure_value(step);
    run->optimum = certificate.objective;
    run->gap = gap_to(&value, problem.batch, &certificate, solution.denominator);
  } else if (status == ALF_OK) {
    status = alf_fail(err, ALF_ESOLVER, "the optimum was not certified");
  }
  alf_solution_free(&solution);
  alf_affinity_free(&dyadic);
  return status;
}

static double mean_violation(const iterate_run *run, int64_t n)
{
  return n > 0 ? run->violation_total / (double)n : NAN;
}

static json_t *json_settled(const iterate_run *run, int64_t n)
{
  return run->last_off_target < n ? json_integer(run->last_off_target + 1) : json_null();
}

/* What a period adds to every shift, over u as it is on the grid: the c of theory.md C7 under the sign rule. */
static double drift_in_steps(const iterate_run *run, const alf_cycle_info *cycle, int32_t grid_bits)
{
  return (double)cycle->drift / nearbyint(ldexp(run->options->u, grid_bits));
}

static json_t *json_report(const iterate_run *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  const alf_affinity *batch = step->batch_after;
  const alf_cycle_info *cycle = run->cycle ? alf_cycle_found(run->cycle) : NULL;
  alf_cli_balance balance = alf_cli_measure_balance(step->load_after, batch->experts, slots(step));
  alf_cli_value value = alf_cli_measure_value(step);
  return json_pack("{sI si si ss ss ss sf sI so so so so sI sI so so so so so sf}", "tokens", (json_int_t)batch->tokens,
                   "experts", (int)batch->experts, "topk", (int)step->topk, "rule", run->name.rule, "schedule",
                   run->name.schedule, "format", run->name.format, "u", run->options->u, "steps", (json_int_t)step->n,
                   "objective", alf_cli_json_real(value.objective), "dual_value", alf_cli_json_real(value.dual_value),
                   "optimum", alf_cli_json_real(run->optimum), "gap", alf_cli_json_real(run->gap), "max_load",
                   (json_int_t)balance.max_load, "min_load", (json_int_t)balance.min_load, "max_violation",
                   alf_cli_json_real(balance.max_violation), "mean_max_violation",
                   alf_cli_json_real(mean_violation(run, step->n)), "cycle_length",
                   cycle ? json_integer(cycle->length) : json_null(), "cycle_drift",
                   alf_cli_json_real(cycle ? drift_in_steps(run, cycle, batch->grid_bits) : NAN), "settled_at",
                   json_settled(run, step->n), "seconds", run->seconds);
}

/* A row whose number may not be known. */
static void print_real(const char *key, double value, const char *unknown)
{
  if (isfinite(value))
    alf_cli_row(key, "%.12g", value);
  else
    alf_cli_row(key, "%s", unknown);
}

static void print_cycle(const iterate_run *run, int32_t grid_bits)
{
  const alf_cycle_info *cycle = run->cycle ? alf_cycle_found(run->cycle) : NULL;
  if (!cycle) {
    alf_cli_row("cycle", "%s", run->cycle ? "none found" : "not looked for");
    return;
  }
  alf_cli_row("cycle_length", "%lld from iterate %lld, loads %lld..%lld", (long long)cycle->length,
              (long long)cycle->start, (long long)cycle->min_load, (long long)cycle->max_load);
  alf_cli_row("cycle_drift", "%.12g steps of u", drift_in_steps(run, cycle, grid_bits));
}

static void print_report(const iterate_run *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  const alf_affinity *batch = step->batch_after;
  alf_cli_balance balance = alf_cli_measure_balance(step->load_after, batch->experts, slots(step));
  alf_cli_value value = alf_cli_measure_value(step);
  alf_cli_row("tokens", "%lld", (long long)batch->tokens);
  alf_cli_row("experts", "%d", batch->experts);
  alf_cli_row("topk", "%d", step->topk);
  alf_cli_row("rule", "%s", run->name.rule);
  alf_cli_row("schedule", "%s", run->name.schedule);
  if (run->name.format[0])
    alf_cli_row("format", "%s", run->name.format);
  alf_cli_row("u", "%.12g", run->options->u);
  alf_cli_row("steps", "%lld", (long long)step->n);
  print_real("objective", value.objective, "");
  print_real("dual_value", value.dual_value, "");
  print_real("optimum", run->optimum, "not known");
  print_real("gap", run->gap, "not known");
  alf_cli_row("max_load", "%lld (target %.12g)", (long long)balance.max_load, (double)slots(step) / batch->experts);
  alf_cli_row("min_load", "%lld", (long long)balance.min_load);
  print_real("max_violation", balance.max_violation, "");
  print_real("mean_max_violation", mean_violation(run, step->n), "no update");
  print_cycle(run, batch->grid_bits);
  if (run->last_off_target < step->n)
    alf_cli_row("settled_at", "%lld", (long long)run->last_off_target + 1);
  else
    alf_cli_row("settled_at", "never");
  alf_cli_row("seconds", "%.3f", run->seconds);
}

/* The optimum is a by-product here: without it the report is still worth printing. */
static void add_optimum(iterate_run *run)
{
  alf_error err = {0};
  if (run->options->no_optimum || alf_cli_interrupted())
    return;
  if (solve_last(run, &err) != ALF_OK && !run->options->quiet)
    fprintf(stderr, "alflab iterate: no optimum: %s\n", err.text);
}

static int run(const alf_cli_options *options, alf_error *err)
{
  iterate_run state = {.options = options, .last_off_target = -1, .optimum = NAN, .gap = NAN};
  alf_status status = start(&state, err);
  if (status == ALF_OK)
    status = iterate(&state, err);
  if (status == ALF_OK && state.csv.file)
    status = alf_new_file_commit(&state.csv, err);
  if (status == ALF_OK) {
    add_optimum(&state);
    if (options->json)
      status = alf_cli_print_json(json_report(&state), err);
    else
      print_report(&state);
  }
  free_run(&state);
  if (status == ALF_OK && alf_cli_interrupted())
    return ALF_CLI_INTERRUPTED;
  return alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_iterate = {
    .name = "iterate",
    .summary = "Run a balancing rule and report loads, dual value and gap to the optimum",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .details =
        "One batch is repeated; the batches of a stream are taken in turn. max_violation is the largest load over "
        "the target, less 1; the optimum is that of the fractional problem of the last batch. A limit cycle is "
        "looked for under sign and proportional rules, where the schedule is constant and the batch repeated.",
    .run = run,
};
