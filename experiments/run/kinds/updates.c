/* What the updates of a run on one batch do, in exact arithmetic: gap, benefit and its bound, loads, moves. */
#include <math.h>
#include <stdlib.h>

#include "measure/input.h"
#include "measure/measure.h"
#include "measure/moves.h"
#include "run/kinds/keys.h"

static const alf_key keys[] = {
    KEY_SOURCE,
    KEY_RULE,
    KEY_SCHEDULE,
    KEY_U,
    KEY_TOPK,
    {"steps", ALF_KEY_WHOLE, "1000", 1, 1e9, .help = "updates"},
    {"rows", ALF_KEY_WHOLE, "12", 1, 1000, .help = "rows of the series updates for a factor of ten in updates"},
    {"moves", ALF_KEY_WHOLE, "0", 0, 1e6, .help = "rows of the series moves, at most; 0: none"},
    {0}};

/* The updates since the last row: what is worst of them, and of the last one. */
typedef struct window {
  int64_t end, updates, rises, switched;
  double gap, least_gap, violation, deviation, max_load, min_load;
  double benefit, bound, squared_excess;
} window;

#define COLUMNS                                                                                                        \
  "gap,least_gap,max_violation,deviation,max_load,min_load,benefit,bound,squared_excess,rises,switched_tokens"

typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_parts parts;
  double u;
  alf_source *source;
  alf_affinity batch;
  alf_instance instance;
  alf_iterate *iterate;
  alf_observer *observer;
  alf_moves moves;
  alf_outcome *outcome;
  window window;
  int64_t steps, rises, balances; /* balances: updates that start with every load on target */
  double first_gap, least_gap, last_gap, worst_share, least_margin, least_slack;
  int64_t band[2];    /* of q as measured, and of q = 1, E·slots; −1: not known */
  int64_t outside[2]; /* the last iterate that is outside; −1: none */
  int64_t inside[2];  /* E·the largest deviation since then */
} cell_run;

static double u_of(const cell_run *run)
{
  return usual_or_given_u(run->cell, run->parts.rule);
}

static bool has_band(const cell_run *run)
{
  return run->parts.rule->form == ALF_FORM_SIGN && run->parts.schedule->constant;
}

/* E·(q(E − 1), one less where L is whole). */
static int64_t band_of(const cell_run *run, int64_t q)
{
  int64_t experts = run->batch.experts, slots = run->instance.topk * run->batch.tokens;
  return experts * (q * (experts - 1) - (slots % experts == 0));
}

static alf_status prepare(cell_run *run, alf_error *err)
{
  int32_t topk = (int32_t)alf_setting_whole(run->cell, "topk");
  alf_status status = alf_parts_read(&run->parts, run->cell, err);
  if (status == ALF_OK)
    status = alf_cell_source(&run->source, run->cell, err);
  if (status == ALF_OK)
    status = alf_input_next(run->source, NULL, ALF_DYADIC, &run->batch, err);
  if (status != ALF_OK)
    return status;
  run->u = u_of(run);
  alf_instance_settings settings = {.solve = true, .crowding_count = has_band(run), .step_size = &run->u};
  status = alf_instance_prepare(&run->instance, &run->batch, topk, &settings, err);
  if (status == ALF_OK && !run->instance.solved)
    status = alf_fail(err, ALF_ESOLVER, "%.400s", run->instance.why_not.text);
  const alf_crowding *crowding = status == ALF_OK ? alf_instance_crowding(&run->instance, run->u) : NULL;
  run->band[0] = crowding ? band_of(run, crowding->q) : -1;
  run->band[1] = status == ALF_OK ? band_of(run, 1) : -1;
  return status;
}

static alf_status start(cell_run *run, alf_error *err)
{
  alf_iterate_settings settings = {.rule = run->parts.rule,
                                   .schedule = run->parts.schedule,
                                   .u = run->u,
                                   .topk = run->instance.topk,
                                   .rule_values = run->parts.rule_value,
                                   .schedule_values = run->parts.schedule_value};
  alf_status status = alf_iterate_alloc(&run->iterate, &run->batch, &settings, err);
  if (status == ALF_OK)
    status = alf_observer_alloc(&run->observer, &run->instance, err);
  if (status == ALF_OK)
    status = alf_moves_alloc(&run->moves, run->instance.topk, alf_setting_whole(run->cell, "moves"), err);
  run->outside[0] = run->outside[1] = -1;
  run->steps = alf_setting_whole(run->cell, "steps");
  run->first_gap = NAN;
  run->least_gap = run->least_margin = run->least_slack = INFINITY;
  return status == ALF_OK ? alf_iterate_start(run->iterate, &run->batch, err) : status;
}

/* E·max_k |A_k − L|. */
static int64_t largest_deviation(const alf_balance *b, int64_t experts, int64_t slots)
{
  int64_t above = experts * b->max_load - slots, below = slots - experts * b->min_load;
  return above > below ? above : below;
}

static void take_loads(cell_run *run, const alf_step *step)
{
  window *w = &run->window;
  int64_t experts = run->batch.experts, slots = run->instance.topk * run->batch.tokens;
  alf_balance b = alf_measure_balance(step->load_after, run->batch.experts, slots);
  int64_t deviation = largest_deviation(&b, experts, slots);
  for (int i = 0; i < 2; i++)
    if (deviation > run->band[i])
      run->outside[i] = step->n, run->inside[i] = 0;
    else if (deviation > run->inside[i])
      run->inside[i] = deviation;
  bool first = w->updates == 0;
  w->violation = first ? b.max_violation : fmax(w->violation, b.max_violation);
  w->deviation = first ? (double)deviation / (double)experts : fmax(w->deviation, (double)deviation / (double)experts);
  w->max_load = first ? (double)b.max_load : fmax(w->max_load, (double)b.max_load);
  w->min_load = first ? (double)b.min_load : fmin(w->min_load, (double)b.min_load);
}

static void take_facts(cell_run *run, const alf_facts *f)
{
  window *w = &run->window;
  bool first = w->updates == 0;
  w->gap = first ? f->gap : fmax(w->gap, f->gap);
  w->least_gap = first ? f->gap : fmin(w->least_gap, f->gap);
  w->benefit = f->benefit;
  w->bound = f->benefit + f->upper_slack; /* Σ_k δ_k (A_k^{n+1} − A_k^n) */
  w->squared_excess = f->squared_excess;
  w->rises += f->change > 0;
  w->switched += f->switched_tokens;
  run->rises += f->change > 0;
  run->balances += f->over == 0 && f->under == 0;
  run->least_gap = fmin(run->least_gap, f->gap);
  run->last_gap = f->gap;
  if (isnan(run->first_gap))
    run->first_gap = f->gap - f->change;
  run->least_margin = fmin(run->least_margin, f->least_margin);
  run->least_slack = fmin(run->least_slack, f->least_slack);
  if (w->bound > 0)
    run->worst_share = fmax(run->worst_share, w->benefit / w->bound);
}

static void put_row(cell_run *run, int64_t n)
{
  const window *w = &run->window;
  double growth = pow(10, 1 / alf_setting_real(run->cell, "rows")), end = ceil((double)n * growth);
  double row[] = {w->gap,     w->least_gap, w->violation,      w->deviation,     w->max_load,        w->min_load,
                  w->benefit, w->bound,     w->squared_excess, (double)w->rises, (double)w->switched};
  alf_outcome_row(run->outcome, n, row, sizeof row / sizeof *row);
  run->window = (window){.end = end > (double)n ? (int64_t)end : n + 1};
}

static void take_first(cell_run *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  take_loads(run, step);
  run->window = (window){.end = 1};
}

static alf_status trace(cell_run *run, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_outcome_series(run->outcome, "updates", COLUMNS);
  take_first(run);
  for (int64_t n = 1; status == ALF_OK && n <= run->steps; n++) {
    const alf_step *step = NULL;
    alf_facts facts;
    status = alf_iterate_step(run->iterate, &run->batch, &step, err);
    if (status != ALF_OK)
      break;
    alf_observe(run->observer, step, &facts);
    alf_moves_add(&run->moves, step);
    take_loads(run, step);
    take_facts(run, &facts);
    run->window.updates++;
    if (n >= run->window.end || n == run->steps)
      put_row(run, n);
  }
  return status;
}

static double in_units(const cell_run *run, int64_t grid)
{
  return ldexp((double)grid, -run->batch.grid_bits);
}

/* One by one, as far as there was room for them; the step is the number of the move. */
static void put_moves(const cell_run *run)
{
  const alf_moves *m = &run->moves;
  if (m->room == 0)
    return;
  alf_outcome_series(run->outcome, "moves", "update,from,to,margin,bound");
  for (int64_t i = 0; i < m->kept_count; i++) {
    const alf_move *move = &m->kept[i];
    double row[] = {(double)move->n, move->from, move->to, in_units(run, move->margin), in_units(run, move->bound)};
    alf_outcome_row(run->outcome, i * m->stride, row, sizeof row / sizeof *row);
  }
}

/* All of them, by margin / bound; the step is the bin. */
static void put_margins(const cell_run *run)
{
  const alf_moves *m = &run->moves;
  alf_outcome_series(run->outcome, "margins", "over_to_under,over_to_balanced,balanced_to_under,others");
  for (int i = 0; i < ALF_MOVE_BINS; i++) {
    int64_t all = 0;
    for (int from = 0; from < 3; from++)
      for (int to = 0; to < 3; to++)
        all += m->bin[from][to][i];
    double named[3] = {(double)m->bin[ALF_OVER][ALF_UNDER][i], (double)m->bin[ALF_OVER][ALF_BALANCED][i],
                       (double)m->bin[ALF_BALANCED][ALF_UNDER][i]};
    double row[] = {named[0], named[1], named[2], (double)all - named[0] - named[1] - named[2]};
    alf_outcome_row(run->outcome, i, row, sizeof row / sizeof *row);
  }
}

static void report_moves(const cell_run *run)
{
  const alf_moves *m = &run->moves;
  alf_outcome *o = run->outcome;
  alf_outcome_whole(o, "moves_made", m->all);
  alf_outcome_whole(o, "moves_outside", m->outside);
  alf_outcome_whole(o, "over_to_under", m->count[ALF_OVER][ALF_UNDER]);
  alf_outcome_whole(o, "over_to_balanced", m->count[ALF_OVER][ALF_BALANCED]);
  alf_outcome_whole(o, "balanced_to_under", m->count[ALF_BALANCED][ALF_UNDER]);
  alf_outcome_real(o, "least_margin", run->least_margin);
  alf_outcome_real(o, "least_slack", run->least_slack);
}

/* `entered`: the first iterate from which on all loads are inside. */
static void report_band(const cell_run *run)
{
  alf_outcome *o = run->outcome;
  double experts = run->batch.experts, step = nearbyint(ldexp(run->u, run->batch.grid_bits));
  const alf_crowding *crowding = alf_instance_crowding(&run->instance, run->u);
  double bound = (experts - 1) * (floor((double)run->instance.range / (2 * step)) + 1);
  bool inside[2] = {run->outside[0] < run->steps, run->outside[1] < run->steps};
  alf_outcome_real(o, "q", crowding ? (double)crowding->q : (double)NAN);
  alf_outcome_real(o, "band", crowding ? (double)run->band[0] / experts : (double)NAN);
  alf_outcome_real(o, "band_at_q_1", (double)run->band[1] / experts);
  alf_outcome_real(o, "entry_bound", has_band(run) ? bound : (double)NAN);
  alf_outcome_real(o, "entered", inside[0] ? (double)run->outside[0] + 1 : (double)NAN);
  alf_outcome_real(o, "deviation_inside", inside[0] ? (double)run->inside[0] / experts : (double)NAN);
  alf_outcome_real(o, "entered_at_q_1", inside[1] ? (double)run->outside[1] + 1 : (double)NAN);
}

static void report(const cell_run *run)
{
  alf_outcome *o = run->outcome;
  alf_outcome_whole(o, "tokens", run->batch.tokens);
  alf_outcome_whole(o, "experts", run->batch.experts);
  alf_outcome_real(o, "step_size", run->u);
  alf_outcome_real(o, "optimum", run->instance.certificate.objective);
  alf_outcome_real(o, "first_gap", run->first_gap);
  alf_outcome_real(o, "least_gap", run->least_gap);
  alf_outcome_real(o, "last_gap", run->last_gap);
  alf_outcome_whole(o, "rises", run->rises);
  alf_outcome_whole(o, "balanced_updates", run->balances);
  alf_outcome_real(o, "largest_share", run->worst_share);
  report_band(run);
  report_moves(run);
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell, .outcome = outcome};
  alf_status status = prepare(&run, err);
  if (status == ALF_OK)
    status = start(&run, err);
  if (status == ALF_OK)
    status = trace(&run, err);
  if (status == ALF_OK) {
    report(&run);
    put_margins(&run);
    put_moves(&run);
  }
  alf_moves_free(&run.moves);
  alf_observer_free(run.observer);
  alf_iterate_free(run.iterate);
  alf_instance_free(&run.instance);
  alf_affinity_free(&run.batch);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_updates = {
    .name = "updates",
    .summary = "what every update of a run on one batch does: gap, benefit and its bound, loads and their band, moves",
    .code = "solvers theory experiments/measure experiments/run/kinds/updates.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
