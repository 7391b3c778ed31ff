#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/iterate.h"
#include "cli/output.h"

static const char *arithmetic(const alf_cli_iterate *run)
{
  return run->iteration.settings.dtype == ALF_DYADIC    ? "exact"
         : run->iteration.settings.dtype == ALF_FLOAT64 ? "float64"
                                                        : "float32";
}

static double target(const alf_step *step)
{
  return (double)alf_step_slots(step) / step->batch_after->experts;
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
  const alf_step *step = alf_iterate_current(run->iteration.iterate);
  const alf_affinity *batch = step->batch_after;
  const alf_cycle_info *cycle = run->iteration.cycle ? alf_cycle_found(run->iteration.cycle) : NULL;
  int64_t settled = alf_iteration_settled_at(&run->iteration);
  json_t *object = json_pack("{sI si si ss ss ss sf ss sI sf}", "tokens", (json_int_t)batch->tokens, "experts",
                             (int)batch->experts, "topk", (int)step->topk, "rule", run->name.rule, "schedule",
                             run->name.schedule, "format", run->name.format, "u", run->iteration.settings.cell.u,
                             "arithmetic", arithmetic(run), "steps", (json_int_t)step->n, "target", target(step));
  for (const alf_look_measure *m = alf_look_measures; m->name; m++)
    alf_cli_json_set(&object, m->name,
                     m->whole ? json_integer((json_int_t)alf_look_whole(&run->iteration.look, m))
                              : alf_cli_json_real(alf_look_real(&run->iteration.look, m)));
  alf_cli_json_set(&object, "cycle_length", cycle ? json_integer((json_int_t)cycle->length) : json_null());
  alf_cli_json_set(&object, "cycle_drift", alf_cli_json_real(alf_iteration_drift(&run->iteration)));
  alf_cli_json_set(&object, "settled_at", settled >= 0 ? json_integer((json_int_t)settled) : json_null());
  alf_cli_json_set(&object, "seconds", json_real(run->iteration.seconds));
  alf_cli_json_set(&object, "optimum_seconds", json_real(run->iteration.optima.seconds));
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

static void print_measure(const alf_cli_iterate *run, const alf_look_measure *m)
{
  const alf_look *look = &run->iteration.look;
  if (m->whole)
    row(m->name, "%lld", (long long)alf_look_whole(look, m));
  else if (isfinite(alf_look_real(look, m)))
    row(m->name, "%.12g", alf_look_real(look, m));
  else
    row(m->name, "%s", run->iteration.settings.every ? "not known" : m->unknown);
}

static void print_cycle(const alf_cli_iterate *run)
{
  const alf_cycle_info *cycle = run->iteration.cycle ? alf_cycle_found(run->iteration.cycle) : NULL;
  if (!cycle) {
    row("cycle_length", "%s", run->iteration.cycle ? "none found" : "not looked for");
    return;
  }
  row("cycle_length", "%lld from iterate %lld, loads %lld..%lld", (long long)cycle->length, (long long)cycle->start,
      (long long)cycle->min_load, (long long)cycle->max_load);
  row("cycle_drift", "%.12g steps of u", alf_iteration_drift(&run->iteration));
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
  row("u", "%.12g%s", run->iteration.settings.cell.u, run->options->u == 0 ? " (the rule's usual one)" : "");
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
  const alf_step *step = alf_iterate_current(run->iteration.iterate);
  print_head(run, step);
  for (const alf_look_measure *m = alf_look_measures; m->name; m++)
    print_measure(run, m);
  print_cycle(run);
  if (alf_iteration_settled_at(&run->iteration) >= 0)
    row("settled_at", "%lld", (long long)alf_iteration_settled_at(&run->iteration));
  else
    row("settled_at", "never");
  row("seconds", "%.3f", run->iteration.seconds);
  row("optimum_seconds", "%.3f", run->iteration.optima.seconds);
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
