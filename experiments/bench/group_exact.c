/* Solvers of the assignment problem that end exactly optimal, against each other and against referees. */
#include <math.h>
#include <stdio.h>

#include "bench/exact_table.h"
#include "bench/group.h"
#include "bench/instances.h"

#define REFEREE_LIMIT 300.0 /* seconds, in which it must end */

static const struct {
  const char *solver;
  const alf_referee *referee;
  unsigned against; /* its bit in alf_bench_instance; 0: always there */
} columns[ALF_EXACT_COLUMNS] = {
    [ALF_EXACT_EXCHANGE] = {"exchange", NULL, 0},
    [ALF_EXACT_WARM] = {"glpk-warm", NULL, ALF_BENCH_WARM},
    [ALF_EXACT_LEMON] = {NULL, &alf_referee_lemon, ALF_BENCH_LEMON},
    [ALF_EXACT_CLP] = {NULL, &alf_referee_clp, ALF_BENCH_CLP},
    [ALF_EXACT_SIMPLEX] = {"glpk-simplex", NULL, ALF_BENCH_SIMPLEX},
};

/* Who takes part beside exchange. */
enum { W = ALF_BENCH_WARM, L = ALF_BENCH_LEMON, C = ALF_BENCH_CLP, S = ALF_BENCH_SIMPLEX };

static const alf_bench_synthetic synthetics[] = {
    {"softmax", "skew=1", 4096, 64, 6, 4096, W | L | C},
    {"softmax", "skew=1", 16384, 64, 8, 16384, W | L | S},
    {"softmax", "skew=1", 65536, 64, 8, 0, W},
    {"softmax", "skew=1", 262144, 64, 8, 0, 0},
    {"softmax", "skew=1", 1048576, 64, 8, 0, 0},
    {"softmax", "skew=1", 65536, 256, 8, 0, W | L},
    {"early", "noise=0.001", 4096, 64, 6, 4096, L},
    {"early", "noise=0.00001", 16384, 64, 6, 0, L},
    {"softmax", "skew=3", 16384, 64, 8, 4096, W | L},
    {"softmax", "skew=5", 16384, 64, 8, 4096, W | L},
    {"softmax", "skew=1,temperature=0.1", 16384, 64, 8, 4096, W | L},
    {"grid", "levels=8", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=0", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=1", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=2", 16384, 64, 8, 4096, W | L},
};

/* Those on which thread counts are compared. */
static const alf_bench_synthetic large[] = {
    {"softmax", "skew=1", 65536, 64, 8, 16384, 0},
    {"softmax", "skew=1", 65536, 256, 8, 0, 0},
    {"softmax", "skew=1", 262144, 64, 8, 0, 0},
    {"softmax", "skew=1", 1048576, 64, 8, 0, 0},
};

typedef struct exact_group {
  const alf_cli_options *options;
  alf_bench_report *report;
} exact_group;

static void put_records(const exact_group *g, const char *instance, const alf_bench_contest *c)
{
  for (int i = 0; i < c->entrants; i++) {
    const alf_bench_outcome *o = &c->outcome[i];
    bool solved = o->runs > 0 && o->status == ALF_OK;
    alf_bench_record record = {.instance = instance,
                               .tokens = c->problem->batch->tokens,
                               .experts = c->problem->batch->experts,
                               .topk = c->problem->topk,
                               .settings = "",
                               .entrant = c->entrant[i].name,
                               .threads = c->entrant[i].threads,
                               .status = alf_exact_status(c, i),
                               .runs = o->runs,
                               .steps = -1,
                               .looked_at = (double)NAN,
                               .seconds = o->runs > 0 ? o->seconds : (double)NAN,
                               .calibration_seconds = c->calibration,
                               .certificate_seconds =
                                   solved && c->entrant[i].solver ? o->certificate_seconds : (double)NAN,
                               .peak_bytes = o->peak_bytes,
                               .objective = solved ? o->objective : (double)NAN,
                               .agreement = alf_exact_agreement(c, i)};
    alf_bench_put(g->report, &record);
  }
}

/* A time limit that was stated is no failure, nor is a referee that is not installed. */
static void judge(const exact_group *g, const alf_bench_contest *c)
{
  for (int i = 0; i < c->entrants; i++) {
    const alf_bench_outcome *o = &c->outcome[i];
    bool excused = i > 0 && ((o->status == ALF_ETIMEOUT && c->entrant[i].limit > 0) || o->status == ALF_EUNSUPPORTED);
    if (alf_exact_agreement(c, i)[0] == 'd')
      alf_bench_refute(g->report);
    if ((o->status != ALF_OK && !excused) || (o->status == ALF_OK && c->entrant[i].solver && !o->certified))
      alf_bench_fail(g->report);
  }
}

static alf_bench_contest new_contest(const exact_group *g, const alf_problem *problem)
{
  bool quick = g->options->quick;
  return (alf_bench_contest){.problem = problem, .rounds = quick ? 2 : 5, .budget = quick ? 0.5 : 10};
}

/* GLPK's plain simplex is only run to show that it does not end. */
static double simplex_limit(const alf_cli_options *options)
{
  return options->timeout > 0 ? options->timeout : options->quick ? 1 : 10;
}

static alf_bench_entrant entrant_of(const exact_group *g, int column)
{
  const alf_referee *referee = columns[column].referee;
  if (referee)
    return (alf_bench_entrant){.name = referee->name, .referee = referee, .threads = 1, .limit = REFEREE_LIMIT};
  const alf_solver *solver = alf_solver_find(columns[column].solver);
  return (alf_bench_entrant){.name = solver->name,
                             .solver = solver,
                             .threads = (int)g->options->threads,
                             .limit = column == ALF_EXACT_SIMPLEX ? simplex_limit(g->options) : 0};
}

static alf_status compare_solvers(void *context, const alf_bench_instance *instance, alf_error *err)
{
  const exact_group *g = context;
  alf_problem problem = {.batch = &instance->batch, .topk = instance->topk, .kind = ALF_FRACTIONAL};
  alf_bench_contest contest = new_contest(g, &problem);
  int place[ALF_EXACT_COLUMNS];
  for (int j = 0; j < ALF_EXACT_COLUMNS; j++) {
    place[j] = columns[j].against && !(columns[j].against & instance->against) ? -1 : contest.entrants++;
    if (place[j] >= 0)
      contest.entrant[place[j]] = entrant_of(g, j);
  }
  alf_status status = alf_bench_contest_run(&contest, err);
  if (status != ALF_OK)
    return status;
  if (alf_bench_prints(g->report))
    alf_exact_print_row(instance->name, &contest, place);
  put_records(g, instance->name, &contest);
  judge(g, &contest);
  return ALF_OK;
}

static alf_status compare_threads(void *context, const alf_bench_instance *instance, alf_error *err)
{
  const exact_group *g = context;
  alf_problem problem = {.batch = &instance->batch, .topk = instance->topk, .kind = ALF_FRACTIONAL};
  alf_bench_contest contest = new_contest(g, &problem);
  contest.rounds = g->options->quick ? 2 : ALF_BENCH_ROUNDS;
  contest.entrants = ALF_EXACT_TWO_SOLVES + 1;
  for (int i = 0; i < contest.entrants; i++) {
    contest.entrant[i] = entrant_of(g, ALF_EXACT_EXCHANGE);
    contest.entrant[i].threads = i == ALF_EXACT_TWO_THREADS ? 2 : 1;
  }
  contest.entrant[ALF_EXACT_TWO_SOLVES].name = "exchange twice at once";
  contest.entrant[ALF_EXACT_TWO_SOLVES].copies = ALF_BENCH_COPIES;
  alf_status status = alf_bench_contest_run(&contest, err);
  if (status != ALF_OK)
    return status;
  if (alf_bench_prints(g->report))
    alf_exact_print_threads_row(instance->name, &contest);
  put_records(g, instance->name, &contest);
  judge(g, &contest);
  return ALF_OK;
}

static alf_status run(const alf_cli_options *options, alf_bench_report *report, alf_error *err)
{
  exact_group g = {options, report};
  alf_status status = alf_bench_check_inputs(options, err);
  if (status != ALF_OK)
    return status;
  if (alf_bench_prints(report))
    alf_exact_print_head((int)options->threads);
  alf_bench_tour tour = {options, ALF_DYADIC, compare_solvers, &g};
  status = alf_bench_each_synthetic(&tour, synthetics, sizeof synthetics / sizeof *synthetics, err);
  if (status == ALF_OK)
    status = alf_bench_each_input(&tour, err);
  if (status == ALF_OK && alf_bench_prints(report))
    alf_exact_print_threads_head();
  tour.visit = compare_threads;
  return status == ALF_OK ? alf_bench_each_synthetic(&tour, large, sizeof large / sizeof *large, err) : status;
}

const alf_bench_group alf_bench_group_exact = {
    .name = "exact",
    .summary = "certified optima: alflab's solvers, LEMON, CLP and GLPK's plain simplex",
    .run = run,
};
