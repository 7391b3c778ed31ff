#include "bench/exact_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A slot can lose this much in CLP's tolerances. */
#define REFEREE_DIGITS 1e-9

static const char same_optimum[] = "the same optimum";

static bool is_solved(const alf_bench_outcome *o)
{
  return o && o->runs > 0 && o->status == ALF_OK;
}

/* Solved, or given up after seconds that are a lower bound. */
static bool has_time(const alf_bench_outcome *o)
{
  return o && o->runs > 0 && (o->status == ALF_OK || o->status == ALF_ETIMEOUT);
}

const char *alf_exact_agreement(const alf_bench_contest *contest, int i)
{
  const alf_bench_outcome *first = &contest->outcome[0], *o = &contest->outcome[i];
  if (i == 0 || !is_solved(first) || !is_solved(o))
    return "";
  if (o->exact)
    return o->primal == first->primal ? "exact" : "differs";
  double slots = (double)(contest->problem->topk * contest->problem->batch->tokens);
  return fabs(o->objective - first->objective) <= REFEREE_DIGITS * slots ? "rounded" : "differs";
}

const char *alf_exact_status(const alf_bench_contest *contest, int i)
{
  const alf_bench_entrant *entrant = &contest->entrant[i];
  const alf_bench_outcome *o = &contest->outcome[i];
  switch (o->status) {
  case ALF_OK:
    return entrant->referee ? "optimal" : o->certified ? "certified" : "uncertified";
  case ALF_ETIMEOUT:
    return "timeout";
  case ALF_EUNSUPPORTED:
    return entrant->referee && !entrant->referee->solve ? "absent" : "unsupported";
  default:
    return "failed";
  }
}

void alf_exact_print_head(int threads)
{
  char times[60] = "";
  if (threads != 1)
    snprintf(times, sizeof times, ", solvers on %d threads (0: all)", threads);
  printf(
      "Seconds, least of several runs that take turns%s; x: as long as exchange. Of exchange: certify, the seconds of\n"
      "its certificate; peak MB beyond the batch. calib: fixed integer work, to compare moments and machines.\n"
      "= a referee: the same optimum to the last unit, ~: to its digits; > S: given up after S seconds.\n\n",
      times);
  printf("%-44s %2s  %9s  %9s  %9s  %8s  %9s  %6s  %7s  %8s  %8s  %8s  %7s  %8s  %s\n", "instance", "K", "exchange",
         "glpk-warm", "LEMON", "CLP", "GLPK", "warm x", "LEMON x", "GLPK x", "ns/token", "certify", "peak MB",
         "calib ms", "result");
}

/* "> " before seconds at which the run was given up. */
static void print_seconds(const alf_bench_outcome *o, int width)
{
  char text[32] = "-";
  if (has_time(o))
    snprintf(text, sizeof text, "%s%.*f", o->status == ALF_OK ? "" : "> ", o->seconds < 10 ? 4 : 1, o->seconds);
  printf("  %*s", width, text);
}

static void print_ratio(const alf_bench_outcome *o, const alf_bench_outcome *first, int width)
{
  char text[32] = "-";
  double ratio = has_time(o) && is_solved(first) ? o->seconds / first->seconds : (double)NAN;
  if (isfinite(ratio))
    snprintf(text, sizeof text, "%s%.*f", o->status == ALF_OK ? "" : "> ", ratio < 10, ratio);
  printf("  %*s", width, text);
}

/* What is to be said of entrant i beside its time; nothing when all is well with another of alflab's solvers. */
static void describe(const alf_bench_contest *contest, int i, char *text, size_t size)
{
  const alf_bench_entrant *entrant = &contest->entrant[i];
  const alf_bench_outcome *o = &contest->outcome[i];
  const char *agreement = alf_exact_agreement(contest, i);
  text[0] = 0;
  if (!strcmp(agreement, "differs"))
    snprintf(text, size, "%s DIFFERS", entrant->name);
  else if (o->status == ALF_OK && entrant->solver && !o->certified)
    snprintf(text, size, "%s NOT CERTIFIED", entrant->name);
  else if (agreement[0] && entrant->solver == contest->entrant[0].solver)
    snprintf(text, size, "%s", same_optimum);
  else if (agreement[0] && entrant->referee)
    snprintf(text, size, "%s %s", agreement[0] == 'e' ? "=" : "~", entrant->name);
  else if (o->status != ALF_OK && o->status != ALF_ETIMEOUT)
    snprintf(text, size, "%s", o->err.text);
}

static bool all_certified(const alf_bench_contest *contest)
{
  bool certified = is_solved(&contest->outcome[0]);
  for (int i = 0; i < contest->entrants; i++)
    if (contest->entrant[i].solver && is_solved(&contest->outcome[i]))
      certified = certified && contest->outcome[i].certified;
  return certified;
}

static void print_result(const alf_bench_contest *contest)
{
  char text[600];
  bool is_said = false;
  printf("  %s", all_certified(contest) ? "certified" : "NOT CERTIFIED");
  for (int i = 0; i < contest->entrants; i++) {
    describe(contest, i, text, sizeof text);
    bool is_same = !strcmp(text, same_optimum);
    if (text[0] && !(is_same && is_said))
      printf(", %s", text);
    is_said = is_said || is_same;
  }
  putchar('\n');
  fflush(stdout);
}

void alf_exact_print_row(const char *instance, const alf_bench_contest *contest, const int column[ALF_EXACT_COLUMNS])
{
  static const int width[ALF_EXACT_COLUMNS] = {9, 9, 9, 8, 9};
  const alf_bench_outcome *at[ALF_EXACT_COLUMNS];
  for (int j = 0; j < ALF_EXACT_COLUMNS; j++)
    at[j] = column[j] < 0 ? NULL : &contest->outcome[column[j]];
  const alf_bench_outcome *first = at[ALF_EXACT_EXCHANGE];
  printf("%-44s %2d", instance, (int)contest->problem->topk);
  for (int j = 0; j < ALF_EXACT_COLUMNS; j++)
    print_seconds(at[j], width[j]);
  print_ratio(at[ALF_EXACT_WARM], first, 6);
  print_ratio(at[ALF_EXACT_LEMON], first, 7);
  print_ratio(at[ALF_EXACT_SIMPLEX], first, 8);
  if (is_solved(first))
    printf("  %8.0f  %8.4f  %7.1f", 1e9 * first->seconds / (double)contest->problem->batch->tokens,
           first->certificate_seconds, 1e-6 * (double)first->peak_bytes);
  else
    printf("  %8s  %8s  %7s", "-", "-", "-");
  printf("  %8.2f", 1e3 * contest->calibration);
  print_result(contest);
}

void alf_exact_print_threads_head(void)
{
  printf(
      "\nexchange on one thread, on two, and two solves at once of one thread each, seconds; speedup: of two threads,\n"
      "median over turns; at most: twice 1 thread / 2 solves, likewise, which is what the machine has to give.\n\n"
      "%-44s %2s  %9s  %9s  %9s  %7s  %7s  %s\n",
      "instance", "K", "1 thread", "2 threads", "2 solves", "speedup", "at most", "result");
}

static void print_speedup(double speedup)
{
  if (isfinite(speedup))
    printf("  %7.2f", speedup);
  else
    printf("  %7s", "-");
}

void alf_exact_print_threads_row(const char *instance, const alf_bench_contest *contest)
{
  printf("%-44s %2d", instance, (int)contest->problem->topk);
  for (int i = 0; i < contest->entrants; i++)
    print_seconds(&contest->outcome[i], 9);
  print_speedup(alf_bench_contest_ratio(contest, ALF_EXACT_ONE_THREAD, ALF_EXACT_TWO_THREADS));
  print_speedup(2 * alf_bench_contest_ratio(contest, ALF_EXACT_ONE_THREAD, ALF_EXACT_TWO_SOLVES));
  print_result(contest);
}
