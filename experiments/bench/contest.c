#include "bench/contest.h"

#include <math.h>

#include <gsl/gsl_statistics_double.h>

#include "alf/parallel.h"
#include "bench/machine.h"
#include "cli/input.h"
#include "cli/interrupt.h"

/* What a child is asked, and what it sends back. */
typedef struct child_work {
  const alf_bench_entrant *entrant;
  const alf_problem *problem;
} child_work;

typedef struct child_answer {
  alf_referee_result referee;
  int64_t peak_bytes;
} child_answer;

typedef struct solves {
  const alf_bench_entrant *entrant;
  const alf_problem *problem;
  alf_solution solution[ALF_BENCH_COPIES];
  alf_status status[ALF_BENCH_COPIES];
  alf_error err[ALF_BENCH_COPIES];
} solves;

static void solve_copy(void *context, int64_t i)
{
  solves *s = context;
  alf_solve_settings settings = {
      .timeout = s->entrant->limit, .threads = s->entrant->threads, .stop = alf_cli_interrupted};
  s->status[i] = alf_solve(s->entrant->solver, s->problem, &settings, &s->solution[i], &s->err[i]);
}

/* The first copy's solution, if all have ended well. */
static alf_status solve(const alf_bench_entrant *entrant, const alf_problem *problem, alf_solution *solution,
                        alf_error *err)
{
  int copies = entrant->copies > 1 ? ALF_BENCH_COPIES : 1, failed = 0;
  solves s = {.entrant = entrant, .problem = problem, .solution = {*solution}};
  alf_parallel_for(copies, copies, solve_copy, &s);
  *solution = s.solution[0];
  for (int i = 1; i < copies; i++)
    alf_solution_free(&s.solution[i]);
  while (failed < copies - 1 && s.status[failed] == ALF_OK)
    failed++;
  return s.status[failed] ? alf_fail(err, s.status[failed], "%s", s.err[failed].text) : ALF_OK;
}

/* In the child. */
static alf_status work(void *context, void *result, alf_error *err)
{
  const child_work *w = context;
  child_answer *answer = result;
  int64_t before = alf_bench_largest_resident();
  alf_solution solution = {0};
  alf_status status = w->entrant->solver
                          ? solve(w->entrant, w->problem, &solution, err)
                          : alf_referee_solve(w->entrant->referee, w->problem, NULL, &answer->referee, err);
  answer->peak_bytes = alf_bench_largest_resident() - before;
  alf_solution_free(&solution);
  return status;
}

static alf_status run_in_child(const alf_bench_entrant *entrant, const alf_problem *problem, child_answer *answer,
                               alf_error *err)
{
  child_work w = {entrant, problem};
  return alf_bench_in_child(work, &w, answer, sizeof *answer, alf_deadline_after(entrant->limit, alf_cli_interrupted),
                            entrant->name, err);
}

static void keep_fastest(alf_bench_outcome *o, double seconds)
{
  o->seconds = o->runs == 0 || seconds < o->seconds ? seconds : o->seconds;
  o->run[o->runs++] = seconds;
}

static void certify(const alf_problem *problem, const alf_solution *solution, alf_bench_outcome *o)
{
  alf_certificate c = {0};
  double start = alf_cli_seconds();
  o->status = alf_certify(problem, solution, &c, &o->err);
  double seconds = alf_cli_seconds() - start;
  bool first = o->runs == 1;
  o->certificate_seconds = first || seconds < o->certificate_seconds ? seconds : o->certificate_seconds;
  o->certified = c.certified && (first || (o->certified && c.primal == o->primal));
  o->exact = true;
  o->primal = c.primal;
  o->objective = c.objective;
}

static void run_solver(const alf_bench_entrant *entrant, const alf_problem *problem, alf_bench_outcome *o)
{
  alf_solution solution = {0};
  double start = alf_cli_seconds();
  o->status = solve(entrant, problem, &solution, &o->err);
  keep_fastest(o, alf_cli_seconds() - start);
  if (o->status == ALF_OK)
    certify(problem, &solution, o);
  alf_solution_free(&solution);
}

static void run_referee(const alf_bench_entrant *entrant, const alf_problem *problem, alf_bench_outcome *o)
{
  child_answer answer = {0};
  double start = alf_cli_seconds();
  o->status = run_in_child(entrant, problem, &answer, &o->err);
  keep_fastest(o, o->status == ALF_OK ? answer.referee.seconds : alf_cli_seconds() - start);
  if (o->status != ALF_OK)
    return;
  o->exact = answer.referee.exact;
  o->primal = answer.referee.primal;
  o->objective = answer.referee.objective;
  o->peak_bytes = answer.peak_bytes;
}

static void run_entrant(const alf_bench_contest *contest, const alf_bench_entrant *entrant, alf_bench_outcome *o)
{
  double start = alf_cli_seconds();
  if (entrant->solver)
    run_solver(entrant, contest->problem, o);
  else if (entrant->referee->solve)
    run_referee(entrant, contest->problem, o);
  else
    o->status = alf_referee_solve(entrant->referee, contest->problem, NULL, &(alf_referee_result){0}, &o->err);
  o->spent += alf_cli_seconds() - start;
}

static void measure_memory(const alf_bench_contest *contest, const alf_bench_entrant *entrant, alf_bench_outcome *o)
{
  child_answer answer = {0};
  if (entrant->solver && o->status == ALF_OK && run_in_child(entrant, contest->problem, &answer, NULL) == ALF_OK)
    o->peak_bytes = answer.peak_bytes;
}

alf_status alf_bench_contest_run(alf_bench_contest *contest, alf_error *err)
{
  contest->calibration = (double)INFINITY;
  for (int i = 0; i < contest->entrants; i++)
    contest->outcome[i] = (alf_bench_outcome){.peak_bytes = -1};
  for (int round = 0; round < contest->rounds && round < ALF_BENCH_ROUNDS; round++) {
    contest->calibration = fmin(contest->calibration, alf_bench_calibrate());
    for (int i = 0; i < contest->entrants && !alf_cli_interrupted(); i++) {
      alf_bench_outcome *o = &contest->outcome[i];
      if (o->status == ALF_OK && (round == 0 || o->spent < contest->budget))
        run_entrant(contest, &contest->entrant[i], o);
    }
  }
  for (int i = 0; i < contest->entrants && !alf_cli_interrupted(); i++)
    measure_memory(contest, &contest->entrant[i], &contest->outcome[i]);
  return alf_cli_interrupted() ? alf_fail(err, ALF_EINTERRUPTED, "interrupted") : ALF_OK;
}

double alf_bench_contest_ratio(const alf_bench_contest *contest, int i, int j)
{
  const alf_bench_outcome *a = &contest->outcome[i], *b = &contest->outcome[j];
  int runs = a->runs < b->runs ? a->runs : b->runs;
  double ratio[ALF_BENCH_ROUNDS];
  if (runs == 0 || a->status != ALF_OK || b->status != ALF_OK)
    return (double)NAN;
  for (int r = 0; r < runs; r++)
    ratio[r] = a->run[r] / b->run[r];
  return gsl_stats_median(ratio, 1, (size_t)runs);
}
