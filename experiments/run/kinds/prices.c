/* The affinities of every batch of a source, its optimal prices, and a shift against them: what alflab solve --face --against
   says, batch by batch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/face.h"
#include "alf/routing.h"
#include "measure/input.h"
#include "run/kinds/keys.h"

#define BINS      80 /* ten for a factor of ten, from 1e-8 to 1; what is outside is in the outermost ones */
#define LEAST_BIN -8

static const alf_key keys[] = {
    KEY_SOURCE,
    {"shift", ALF_KEY_FILE, NULL, .help = "x.npy: a shift for every batch of the source, or one for all of them"},
    KEY_TOPK,
    {0}};

/* The series. Their rows are kept until all batches are done: a series is written in one piece. */
enum { AFFINITIES, PAIRS, EXPERTS, BATCHES, TABLES };

static const char *const names[TABLES] = {"affinities", "pairs", "experts", "batches"},
                         *const columns[TABLES] = {
                             "all,chosen", "width,outside", "price,shift,low,high,outside,load_at_zero,load_at_shift",
                             "optimum,gap_at_zero,gap_at_shift,max_violation_at_zero,max_violation_at_"
                             "shift,distance,violated_pairs,price_groups,unique_routing"};
static const int widths[TABLES] = {2, 2, 7, 9};

/* A cell at work: one batch after the other. */
typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_outcome *outcome;
  alf_source *source, *shift_source;
  alf_affinity raw, batch, shifts; /* shifts: rows × E, on the grid */
  alf_problem problem;
  alf_solution solution;
  alf_certificate certificate;
  alf_face face;
  alf_face_position at_shift, at_zero;
  const int64_t *shift;            /* E, of the batch at hand; points into shifts */
  int64_t *score, *zero, *load[2]; /* E each; load: under p = 0 and under the shift */
  alf_expert *chosen;              /* K */
  double *table[TABLES];           /* batches × rows of a batch × columns */
  int64_t number;                  /* of the batch */
} cell_run;

static int bin_of(double value)
{
  double place = value > 0 ? floor(10 * (log10(value) - LEAST_BIN)) : -1;
  return place < 0 ? 0 : place >= BINS ? BINS - 1 : (int)place;
}

static double units(const cell_run *run, int64_t grid)
{
  if (grid == INT64_MAX || grid == INT64_MIN)
    return grid > 0 ? (double)INFINITY : -(double)INFINITY;
  return ldexp((double)grid, -run->batch.grid_bits);
}

/* The shifts are read as affinities are: a batch of as many tokens as there are rows. */
static alf_status read_shifts(cell_run *run, alf_error *err)
{
  alf_status status =
      alf_base_source(&run->shift_source, alf_setting_text(run->cell, "shift"), run->cell->base, 0, err);
  if (status == ALF_OK)
    status = alf_input_next(run->shift_source, NULL, ALF_DYADIC, &run->shifts, err);
  int64_t batches = alf_source_describe(run->source)->batches, rows = run->shifts.tokens;
  if (status == ALF_OK && run->shifts.experts != alf_source_describe(run->source)->experts)
    status = alf_fail(err, ALF_EINVAL, "shift: found %d experts, expected %d as in the source",
                      (int)run->shifts.experts, (int)alf_source_describe(run->source)->experts);
  if (status == ALF_OK && rows != 1 && rows != batches)
    status = alf_fail(err, ALF_EINVAL, "shift: found %lld rows, expected 1 or %lld, one for each batch",
                      (long long)rows, (long long)batches);
  return status;
}

static int64_t rows_of(const cell_run *run, int table)
{
  return table == EXPERTS ? alf_source_describe(run->source)->experts : table == BATCHES ? 1 : BINS;
}

static double *row_of(const cell_run *run, int table, int64_t row)
{
  return run->table[table] + (run->number * rows_of(run, table) + row) * widths[table];
}

static alf_status take_memory(cell_run *run, alf_error *err)
{
  size_t experts = (size_t)alf_source_describe(run->source)->experts;
  size_t batches = (size_t)alf_source_describe(run->source)->batches;
  int64_t *numbers = calloc(4 * experts, sizeof *numbers);
  run->score = numbers;
  run->chosen = calloc(experts, sizeof *run->chosen);
  bool enough = numbers && run->chosen;
  for (int t = 0; t < TABLES; t++) {
    run->table[t] = calloc(batches * (size_t)(rows_of(run, t) * widths[t]), sizeof(double));
    enough = enough && run->table[t];
  }
  if (!enough)
    return alf_fail_memory(err, batches * (4 * BINS + 7 * experts) * sizeof(double));
  run->zero = numbers + experts;
  run->load[0] = numbers + 2 * experts;
  run->load[1] = numbers + 3 * experts;
  return ALF_OK;
}

static alf_status find_prices(cell_run *run, alf_error *err)
{
  alf_solve_settings settings = {.threads = run->cell->threads};
  alf_status status = alf_solve(alf_solver_find("auto"), &run->problem, &settings, &run->solution, err);
  if (status == ALF_OK)
    status = alf_certify(&run->problem, &run->solution, &run->certificate, err);
  if (status == ALF_OK && !run->certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum is not certified: gap %g", run->certificate.gap);
  if (status == ALF_OK)
    status = alf_face_find(&run->problem, &run->solution, NULL, &run->face, err);
  if (status == ALF_OK)
    status = alf_face_place(&run->face, &run->problem, &run->solution, run->zero, &run->at_zero, err);
  if (status == ALF_OK)
    status = alf_face_place(&run->face, &run->problem, &run->solution, run->shift, &run->at_shift, err);
  return status;
}

/* Loads under p = 0 and under the shift, and the affinities, all and chosen. */
static void route(cell_run *run)
{
  int32_t experts = run->batch.experts, topk = run->problem.topk;
  const int64_t *shift[2] = {run->zero, run->shift};
  for (int s = 0; s < 2; s++)
    memset(run->load[s], 0, (size_t)experts * sizeof *run->load[s]);
  for (int64_t i = 0; i < run->batch.tokens; i++) {
    const int64_t *row = alf_affinity_row(&run->batch, i);
    for (int32_t k = 0; k < experts; k++)
      row_of(run, AFFINITIES, bin_of(units(run, row[k])))[0]++;
    for (int s = 0; s < 2; s++) {
      for (int32_t k = 0; k < experts; k++)
        run->score[k] = row[k] + shift[s][k];
      alf_topk_row(run->score, experts, topk, run->chosen);
      for (int32_t j = 0; j < topk; j++)
        run->load[s][run->chosen[j]]++;
      for (int32_t j = 0; j < topk && s == 0; j++)
        row_of(run, AFFINITIES, bin_of(units(run, row[run->chosen[j]])))[1]++;
    }
  }
}

/* Of every pair of experts: how wide the interval of its prices is, and how far the shift is outside. */
static void count_pairs(cell_run *run)
{
  for (int32_t a = 0; a < run->batch.experts; a++)
    for (int32_t b = 0; b < a; b++) {
      alf_price_interval interval = alf_face_interval(&run->face, a, b);
      double low = units(run, interval.low), high = units(run, interval.high);
      row_of(run, PAIRS, bin_of(high - low))[0]++;
      row_of(run, PAIRS, bin_of(fabs(units(run, alf_face_outside(&run->face, run->shift, a, b)))))[1]++;
    }
}

static double mean(const cell_run *run, const int64_t *p)
{
  double sum = 0;
  for (int32_t k = 0; k < run->batch.experts; k++)
    sum += units(run, p[k]);
  return sum / run->batch.experts;
}

/* Prices and shift both less their means; low and high are those of p_k − p_0. */
static void put_experts(const cell_run *run)
{
  double price = mean(run, run->face.centre), shift = mean(run, run->shift);
  for (int32_t k = 0; k < run->batch.experts; k++) {
    alf_price_interval interval = alf_face_interval(&run->face, 0, k);
    double row[] = {units(run, run->face.centre[k]) - price,
                    units(run, run->shift[k]) - shift,
                    units(run, interval.low),
                    units(run, interval.high),
                    units(run, alf_face_outside(&run->face, run->shift, 0, k)),
                    (double)run->load[0][k],
                    (double)run->load[1][k]};
    memcpy(row_of(run, EXPERTS, k), row, sizeof row);
  }
}

static double violation(const cell_run *run, const int64_t *load)
{
  int64_t most = 0;
  for (int32_t k = 0; k < run->batch.experts; k++)
    most = load[k] > most ? load[k] : most;
  return (double)most * run->batch.experts / ((double)run->problem.topk * (double)run->batch.tokens) - 1;
}

static void put_batch(const cell_run *run)
{
  double scale = (double)run->solution.denominator;
  double row[] = {run->certificate.objective,
                  alf_int128_to_double(run->at_zero.loss, run->batch.grid_bits, scale),
                  alf_int128_to_double(run->at_shift.loss, run->batch.grid_bits, scale),
                  violation(run, run->load[0]),
                  violation(run, run->load[1]),
                  units(run, run->at_shift.worst) / 2,
                  (double)run->at_shift.violated,
                  run->face.groups,
                  run->face.unique_routing};
  memcpy(row_of(run, BATCHES, 0), row, sizeof row);
}

static alf_status look_at_batch(cell_run *run, alf_error *err)
{
  int64_t row = run->shifts.tokens == 1 ? 0 : run->number;
  if (run->batch.grid_bits != run->shifts.grid_bits)
    return alf_fail(err, ALF_ERANGE, "shift: its grid is 2^-%d, that of batch %lld 2^-%d: expected values below 2",
                    (int)run->shifts.grid_bits, (long long)run->number, (int)run->batch.grid_bits);
  run->problem = (alf_problem){.batch = &run->batch, .topk = (int32_t)alf_setting_whole(run->cell, "topk")};
  run->shift = alf_affinity_row(&run->shifts, row);
  alf_status status = find_prices(run, err);
  if (status != ALF_OK)
    return status;
  route(run);
  count_pairs(run);
  put_experts(run);
  put_batch(run);
  alf_face_free(&run->face);
  return ALF_OK;
}

static alf_status look_at_all(cell_run *run, alf_error *err)
{
  alf_status status = ALF_OK;
  int64_t batches = alf_source_describe(run->source)->batches;
  for (; status == ALF_OK && run->number < batches; run->number++) {
    status = alf_input_next(run->source, &run->raw, ALF_DYADIC, &run->batch, err);
    if (status == ALF_OK)
      status = look_at_batch(run, err);
  }
  return status;
}

static void report(const cell_run *run)
{
  int64_t batches = alf_source_describe(run->source)->batches;
  alf_outcome_whole(run->outcome, "tokens", run->batch.tokens);
  alf_outcome_whole(run->outcome, "experts", run->batch.experts);
  alf_outcome_whole(run->outcome, "batches", batches);
  for (int t = 0; t < TABLES; t++) {
    alf_outcome_series(run->outcome, names[t], columns[t]);
    for (int64_t row = 0; row < batches * rows_of(run, t); row++)
      alf_outcome_row(run->outcome, row, run->table[t] + row * widths[t], widths[t]);
  }
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell, .outcome = outcome};
  alf_status status = alf_cell_source(&run.source, cell, err);
  if (status == ALF_OK)
    status = read_shifts(&run, err);
  if (status == ALF_OK)
    status = take_memory(&run, err);
  if (status == ALF_OK)
    status = look_at_all(&run, err);
  if (status == ALF_OK)
    report(&run);
  alf_face_free(&run.face);
  alf_solution_free(&run.solution);
  alf_affinity_free(&run.raw);
  alf_affinity_free(&run.batch);
  alf_affinity_free(&run.shifts);
  alf_source_close(run.source);
  alf_source_close(run.shift_source);
  free(run.score);
  free(run.chosen);
  for (int t = 0; t < TABLES; t++)
    free(run.table[t]);
  return status;
}

const alf_experiment alf_experiment_prices = {
    .name = "prices",
    .summary = "the affinities and the optimal prices of every batch, and a shift against them, as alflab solve --face",
    .code = "solvers experiments/measure experiments/run/kinds/prices.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
