#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/iterate.h"
#include "cli/output.h"

static const char *arithmetic(const alf_cli_iterate *run)
{
  return run->dtype == ALF_DYADIC ? "exact" : run->dtype == ALF_FLOAT64 ? "float64" : "float32";
}

static double target(const alf_step *step)
{
  return (double)alf_cli_iterate_slots(step) / step->batch_after->experts;
}

/* Updates after which every load is on target and stays; −1: not so. */
static int64_t settled_at(const alf_cli_iterate *run, const alf_step *step)
{
  return run->last_off_target < step->n ? run->last_off_target + 1 : -1;
}

/* What a period adds to every shift, over u as it is on the grid: the c of theory.md C7 under the sign rule. */
static double drift_in_steps(const alf_cli_iterate *run, const alf_cycle_info *cycle, int32_t grid_bits)
{
  return cycle->drift == 0 ? 0 : (double)cycle->drift / nearbyint(ldexp(run->cell.u, grid_bits));
}

static json_t *list_loads(const alf_step *step)
{
  json_t *list = json_array();
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    alf_cli_json_append(&list, json_integer((json_int_t)step->load_after[k]));
  return list;
}

static json_t *list_shift(const alf_step *step)
{
  json_t *list = json_array();
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    alf_cli_json_append(&list, alf_cli_json_real(step->shift_after.real[k]));
  return list;
}

static json_t *json_report(const alf_cli_iterate *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  const alf_affinity *batch = step->batch_after;
  const alf_cycle_info *cycle = run->cycle ? alf_cycle_found(run->cycle) : NULL;
  int64_t settled = settled_at(run, step);
  json_t *object = json_pack("{sI si si ss ss ss sf ss sI sf}", "tokens", (json_int_t)batch->tokens, "experts",
                             (int)batch->experts, "topk", (int)step->topk, "rule", run->name.rule, "schedule",
                             run->name.schedule, "format", run->name.format, "u", run->cell.u, "arithmetic",
                             arithmetic(run), "steps", (json_int_t)step->n, "target", target(step));
  for (const alf_cli_iterate_measure *m = alf_cli_iterate_measures; m->name; m++)
    alf_cli_json_set(&object, m->name,
                     m->whole ? json_integer((json_int_t)alf_cli_look_whole(&run->look, m))
                              : alf_cli_json_real(alf_cli_look_real(&run->look, m)));
  alf_cli_json_set(&object, "cycle_length", cycle ? json_integer((json_int_t)cycle->length) : json_null());
  alf_cli_json_set(&object, "cycle_drift",
                   alf_cli_json_real(cycle ? drift_in_steps(run, cycle, batch->grid_bits) : NAN));
  alf_cli_json_set(&object, "settled_at", settled >= 0 ? json_integer((json_int_t)settled) : json_null());
  alf_cli_json_set(&object, "seconds", json_real(run->seconds));
  alf_cli_json_set(&object, "optimum_seconds", json_real(run->optima.seconds));
  alf_cli_json_set(&object, "peak_bytes", json_integer((json_int_t)alf_cli_peak_bytes()));
  alf_cli_json_set(&object, "loads", list_loads(step));
  alf_cli_json_set(&object, "shift", list_shift(step));
  return object;
}

/* As alf_cli_row, for the longest of these names. */
__attribute__((format(printf, 2, 3))) static void row(const char *key, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  printf("%-22s ", key);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}

static void print_measure(const alf_cli_iterate *run, const alf_cli_iterate_measure *m)
{
  const alf_cli_look *look = &run->look;
  if (m->whole)
    row(m->name, "%lld", (long long)alf_cli_look_whole(look, m));
  else if (isfinite(alf_cli_look_real(look, m)))
    row(m->name, "%.12g", alf_cli_look_real(look, m));
  else
    row(m->name, "%s", run->every ? "not known" : m->unknown);
}

static void print_cycle(const alf_cli_iterate *run, int32_t grid_bits)
{
  const alf_cycle_info *cycle = run->cycle ? alf_cycle_found(run->cycle) : NULL;
  if (!cycle) {
    row("cycle", "%s", run->cycle ? "none found" : "not looked for");
    return;
  }
  row("cycle_length", "%lld from iterate %lld, loads %lld..%lld", (long long)cycle->length, (long long)cycle->start,
      (long long)cycle->min_load, (long long)cycle->max_load);
  row("cycle_drift", "%.12g steps of u", drift_in_steps(run, cycle, grid_bits));
}

static void print_head(const alf_cli_iterate *run, const alf_step *step)
{
  row("tokens", "%lld", (long long)step->batch_after->tokens);
  row("experts", "%d", step->batch_after->experts);
  row("topk", "%d", step->topk);
  row("rule", "%s", run->name.rule);
  row("schedule", "%s", run->name.schedule);
  if (run->name.format[0])
    row("format", "%s", run->name.format);
  row("u", "%.12g%s", run->cell.u, run->options->u == 0 ? " (the rule's usual one)" : "");
  row("arithmetic", "%s", arithmetic(run));
  row("steps", "%lld", (long long)step->n);
  row("target", "%.12g", target(step));
}

static void print_loads(const alf_step *step)
{
  enum { COLUMNS = 12 };
  for (int32_t k = 0; k < step->batch_after->experts; k++) {
    if (k % COLUMNS == 0)
      printf("%s%-22s", k ? "\n" : "", k ? "" : "loads");
    printf(" %6lld", (long long)step->load_after[k]);
  }
  putchar('\n');
}

static void print_report(const alf_cli_iterate *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  print_head(run, step);
  for (const alf_cli_iterate_measure *m = alf_cli_iterate_measures; m->name; m++)
    print_measure(run, m);
  print_cycle(run, step->batch_after->grid_bits);
  if (settled_at(run, step) >= 0)
    row("settled_at", "%lld", (long long)settled_at(run, step));
  else
    row("settled_at", "never");
  row("seconds", "%.3f", run->seconds);
  row("optimum_seconds", "%.3f", run->optima.seconds);
  row("peak_bytes", "%lld", (long long)alf_cli_peak_bytes());
  print_loads(step);
}

alf_status alf_cli_iterate_report(const alf_cli_iterate *run, alf_error *err)
{
  if (run->options->json)
    return alf_cli_print_json(json_report(run), err);
  print_report(run);
  return ALF_OK;
}
