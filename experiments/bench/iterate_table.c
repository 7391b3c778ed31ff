#include "bench/iterate_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "routing/route_pass.h"

enum { LARGE = 100000 }; /* tokens from which on bytes of one are told from pages */

const char *alf_iterate_agreement(const alf_bench_racer *racer)
{
  return racer->kind == ALF_RACER_READING ? "" : racer->differs ? "differs" : "exact";
}

static const alf_bench_racer *racer_at(const alf_bench_race *race, int place)
{
  return place < 0 ? NULL : &race->racer[place];
}

static void print_number(double value, int width, const char *unit)
{
  char text[32] = "-";
  if (isfinite(value))
    snprintf(text, sizeof text, "%.*f%s", value < 9.95 ? 2 : value < 99.5 ? 1 : 0, value, unit);
  printf("  %*s", width, text);
}

static double pace_at(const alf_bench_race *race, int place)
{
  const alf_bench_racer *racer = racer_at(race, place);
  return racer ? alf_bench_race_pace(racer) : (double)NAN;
}

static void print_seconds(double seconds, int width)
{
  char text[32] = "-";
  if (isfinite(seconds))
    snprintf(text, sizeof text, "%.*f", seconds < 10 ? 4 : 1, seconds);
  printf("  %*s", width, text);
}

static double seconds_at(const alf_bench_race *race, int place)
{
  const alf_bench_racer *racer = racer_at(race, place);
  return racer && racer->runs > 0 ? racer->seconds : (double)NAN;
}

static void print_share(const alf_bench_racer *racer, int width)
{
  print_number(racer ? 100 * racer->looked_at : (double)NAN, width, "%");
}

static void print_weight(const alf_bench_racer *racer, int width)
{
  bool known = racer && racer->peak_bytes >= 0 && racer->batch->tokens >= LARGE;
  print_number(known ? (double)racer->peak_bytes / (double)racer->batch->tokens : (double)NAN, width, "");
}

/* Who differs, or in how many steps all were the same. */
static void print_result(const alf_bench_race *race)
{
  const char *comma = "";
  long long steps = 0;
  printf("  ");
  for (int i = 0; i < race->racers; i++) {
    const alf_bench_racer *racer = &race->racer[i];
    steps = racer->kind == ALF_RACER_ITERATION ? alf_bench_race_length(racer) : steps;
    if (racer->differs)
      printf("%s%s DIFFERS", comma, racer->name);
    comma = racer->differs ? ", " : comma;
  }
  if (!*comma)
    printf("same in %lld steps, loops in %lld", steps, (long long)race->checked);
  putchar('\n');
  fflush(stdout);
}

static void print_description(void)
{
  printf(
      "One step of the sign rule, u = 0.001, every token routed: nanoseconds a token, least of several runs that take\n"
      "turns. reading: the batch once; by instruction set, on two threads and lazy (looking only at tokens that can\n"
      "change, share at: %%): float32; loops: float32, K times the largest, insertion. Ratios: step / reading,\n"
      "loop / step, one / two threads, exact / float32 step, the step being that of the fastest instruction set.\n"
      "B/token: peak memory of a lazy iteration beyond the batch; calib: fixed integer work, to compare moments.\n"
      "same: selections and loads of all racers of a type are equal at every step.\n\n");
}

void alf_iterate_print_steps_head(void)
{
  print_description();
  printf("%-38s %2s  %7s", "instance", "K", "reading");
  for (int j = 0; alf_route_kernels[j] && j < ALF_BENCH_KERNELS; j++)
    printf("  %7s", alf_route_kernels[j]->name);
  printf("  %7s  %6s  %6s  %7s  %6s  %6s  %6s  %6s  %8s  %8s  %5s  %6s  %7s  %7s  %8s  %s\n", "2 thr.", "lazy", "at",
         "float64", "exact", "maxima", "insert", "/read", "maxima x", "insert x", "2thr x", "exact x", "B/token",
         "exact B", "calib ms", "result");
}

void alf_iterate_print_steps_row(const char *instance, const alf_bench_race *race, const alf_iterate_places *at)
{
  enum { F = ALF_FLOAT32, D = ALF_FLOAT64, X = ALF_DYADIC };
  double step = pace_at(race, at->step[F]);
  printf("%-38s %2d", instance, (int)race->steps.topk);
  print_number(pace_at(race, at->reading[F]), 7, "");
  for (int j = 0; alf_route_kernels[j] && j < ALF_BENCH_KERNELS; j++)
    print_number(pace_at(race, at->kernel[F][j]), 7, "");
  print_number(pace_at(race, at->two[F]), 7, "");
  print_number(pace_at(race, at->lazy[F]), 6, "");
  print_share(racer_at(race, at->lazy[F]), 6);
  print_number(pace_at(race, at->step[D]), 7, "");
  print_number(pace_at(race, at->step[X]), 6, "");
  print_number(pace_at(race, at->maxima[F]), 6, "");
  print_number(pace_at(race, at->insertion), 6, "");
  print_number(step / pace_at(race, at->reading[F]), 6, "");
  print_number(pace_at(race, at->maxima[F]) / step, 8, "");
  print_number(pace_at(race, at->insertion) / step, 8, "");
  print_number(step / pace_at(race, at->two[F]), 6, "");
  print_number(pace_at(race, at->step[X]) / step, 7, "");
  print_weight(racer_at(race, at->lazy[F]), 7);
  print_weight(racer_at(race, at->lazy[X]), 7);
  printf("  %8.2f", 1e3 * race->calibration);
  print_result(race);
}

void alf_iterate_print_runs_head(int threads)
{
  char times[60] = "";
  if (threads != 1)
    snprintf(times, sizeof times, ", on %d threads (0: all)", threads);
  printf(
      "\nWhole runs of the sign rule, memory and iterate 0 included: seconds%s, least of several. lazy: looking only\n"
      "at tokens that can change, share at: %%; eager: at all; eager x: times as long as lazy. loop: K times the\n"
      "largest, float32, its pace over the steps it takes part in times all. numpy needs about 15 ms a step at\n"
      "16384 x 64 (known, not measured).\n\n",
      times);
  printf("%-44s %2s  %-9s  %6s  %6s  %8s  %6s  %8s  %7s  %8s  %8s  %8s  %8s  %s\n", "instance", "K", "schedule", "u",
         "steps", "lazy", "at", "eager", "eager x", "exact", "exact at", "exact e.", "loop", "result");
}

void alf_iterate_print_runs_row(const char *instance, const alf_bench_race *race, const alf_iterate_places *at)
{
  enum { F = ALF_FLOAT32, X = ALF_DYADIC };
  const alf_bench_racer *lazy = racer_at(race, at->lazy[F]);
  double all = (double)lazy->distance.steps * (double)lazy->batch->tokens * 1e-9;
  printf("%-44s %2d  %-9s  %6g  %6lld", instance, (int)race->steps.topk, race->steps.schedule->name, race->steps.u,
         (long long)lazy->distance.steps);
  print_seconds(seconds_at(race, at->lazy[F]), 8);
  print_share(lazy, 6);
  print_seconds(seconds_at(race, at->step[F]), 8);
  print_number(seconds_at(race, at->step[F]) / lazy->seconds, 7, "");
  print_seconds(seconds_at(race, at->lazy[X]), 8);
  print_share(racer_at(race, at->lazy[X]), 8);
  print_seconds(seconds_at(race, at->step[X]), 8);
  print_seconds(pace_at(race, at->maxima[F]) * all, 8);
  print_result(race);
}
