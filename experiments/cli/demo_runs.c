#include "cli/demo_runs.h"

#include <inttypes.h>
#include <math.h>

#include "alf/cycle.h"
#include "alf/facts.h"
#include "cli/interrupt.h"
#include "measure/measure.h"

static const char *const curve_names[] = {[ALF_DEMO_GAP] = "gap",
                                          [ALF_DEMO_VIOLATION] = "max_violation",
                                          [ALF_DEMO_MAX_LOAD] = "max_load",
                                          [ALF_DEMO_MIN_LOAD] = "min_load",
                                          [ALF_DEMO_BENEFIT] = "benefit_ratio"};

/* The updates since the last point. */
typedef struct window {
  int64_t end; /* the update that completes it */
  bool empty;
  double gap, violation, max_load, min_load, excess, benefit;
} window;

static void take(window *w, const alf_facts *facts, const alf_balance *balance)
{
  double max_load = (double)balance->max_load, min_load = (double)balance->min_load;
  w->gap = w->empty ? facts->gap : fmax(w->gap, facts->gap);
  w->violation = w->empty ? balance->max_violation : fmax(w->violation, balance->max_violation);
  w->max_load = w->empty ? max_load : fmax(w->max_load, max_load);
  w->min_load = w->empty ? min_load : fmin(w->min_load, min_load);
  w->excess = facts->squared_excess;
  w->benefit = facts->benefit;
  w->empty = false;
}

static void put(alf_demo_run *run, int curve, double x, double y)
{
  alf_demo_curve *c = &run->curve[curve];
  if (!(run->shows >> curve & 1) || c->count == ALF_DEMO_POINTS)
    return;
  c->x[c->count] = x;
  c->y[c->count++] = y;
}

static void put_all(alf_demo_run *run, const window *w, double n)
{
  put(run, ALF_DEMO_GAP, n, w->gap);
  put(run, ALF_DEMO_VIOLATION, n, w->violation);
  put(run, ALF_DEMO_MAX_LOAD, n, w->max_load);
  put(run, ALF_DEMO_MIN_LOAD, n, w->min_load);
  if (w->excess > 0) /* else every load is on target, and nothing moves */
    put(run, ALF_DEMO_BENEFIT, n, w->benefit / w->excess);
}

static alf_status trace(alf_demo_run *run, alf_iterate *it, alf_observer *observer)
{
  const alf_affinity *batch = run->instance->batch;
  window w = {.end = 1, .empty = true};
  alf_status status = alf_iterate_start(it, batch, &run->err);
  for (int64_t n = 1; status == ALF_OK && n <= run->steps; n++) {
    const alf_step *step = NULL;
    alf_facts facts;
    if (alf_cli_interrupted())
      return alf_fail(&run->err, ALF_EINTERRUPTED, "interrupted");
    status = alf_iterate_step(it, batch, &step, &run->err);
    if (status != ALF_OK)
      break;
    alf_observe(observer, step, &facts);
    alf_balance balance = alf_measure_balance(step->load_after, batch->experts, run->instance->topk * batch->tokens);
    take(&w, &facts, &balance);
    if (n < w.end && n < run->steps)
      continue;
    put_all(run, &w, (double)n);
    w = (window){.end = n + 1 + n / 12, .empty = true};
  }
  return status;
}

void alf_demo_trace(alf_demo_run *run)
{
  alf_iterate_settings settings = {.rule = alf_rule_find(run->rule),
                                   .schedule = alf_schedule_find(run->schedule),
                                   .u = run->u,
                                   .topk = run->instance->topk};
  alf_iterate *it = NULL;
  alf_observer *observer = NULL;
  run->status = alf_iterate_alloc(&it, run->instance->batch, &settings, &run->err);
  if (run->status == ALF_OK)
    run->status = alf_observer_alloc(&observer, run->instance, &run->err);
  if (run->status == ALF_OK)
    run->status = trace(run, it, observer);
  alf_observer_free(observer);
  alf_iterate_free(it);
}

void alf_demo_print_run(FILE *csv, const alf_demo_run *run)
{
  for (int curve = 0; curve < ALF_DEMO_CURVES; curve++)
    for (int i = 0; i < run->curve[curve].count; i++)
      fprintf(csv, "%s,%s %s u=%g,%.9g,%.9g\n", curve_names[curve], run->rule, run->schedule, run->u,
              run->curve[curve].x[i], run->curve[curve].y[i]);
}

double alf_demo_band(const alf_instance *instance, int64_t q)
{
  int64_t experts = instance->batch->experts, slots = instance->topk * instance->batch->tokens;
  return (double)(q * (experts - 1) - (slots % experts == 0));
}

static void note_limit(alf_demo_limit *limit, const alf_cycle_info *cycle)
{
  const alf_affinity *batch = limit->instance->batch;
  double target = (double)(limit->instance->topk * batch->tokens) / batch->experts;
  limit->max_load = (double)cycle->max_load;
  limit->deviation = fmax((double)cycle->max_load - target, target - (double)cycle->min_load);
}

static alf_status follow(alf_demo_limit *limit, alf_iterate *it, alf_cycle *cycle)
{
  const alf_affinity *batch = limit->instance->batch;
  int64_t slots = limit->instance->topk * batch->tokens;
  alf_status status = alf_iterate_start(it, batch, &limit->err);
  const alf_step *step = alf_iterate_current(it);
  for (int64_t n = 0; status == ALF_OK && n < limit->steps; n++) {
    if (alf_cli_interrupted())
      return alf_fail(&limit->err, ALF_EINTERRUPTED, "interrupted");
    if (alf_cycle_observe_shift(cycle, step->shift_after.grid, step->load_after, slots)) {
      note_limit(limit, alf_cycle_found(cycle));
      return ALF_OK;
    }
    status = alf_iterate_step(it, batch, &step, &limit->err);
  }
  return status;
}

void alf_demo_find_limit(alf_demo_limit *limit)
{
  const alf_affinity *batch = limit->instance->batch;
  alf_iterate_settings settings = {.rule = alf_rule_find("sign"),
                                   .schedule = alf_schedule_find("constant"),
                                   .u = limit->u,
                                   .topk = limit->instance->topk};
  alf_iterate *it = NULL;
  alf_cycle *cycle = NULL;
  limit->deviation = limit->max_load = NAN;
  limit->status = alf_iterate_alloc(&it, batch, &settings, &limit->err);
  if (limit->status == ALF_OK)
    limit->status =
        alf_cycle_alloc(&cycle, batch->experts, alf_cycle_shift_size(batch->experts), limit->steps, &limit->err);
  if (limit->status == ALF_OK)
    limit->status = follow(limit, it, cycle);
  alf_cycle_free(cycle);
  alf_iterate_free(it);
}
