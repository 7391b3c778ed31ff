#include <math.h>
#include <stdlib.h>

#include "alf/curvature.h"
#include "alf/population.h"
#include "direction.h"

enum { DIRECTIONS = 4, FEWEST_TOKENS = 64, SEED = 8 };

/* The cut of a token: which expert is the last one in, which the first one out, and how far apart they are. */
typedef struct cut {
  double margin;
  int32_t in, out;
} cut;

typedef struct estimate {
  const alf_affinity *batch;
  const double *shift;
  int32_t experts, topk;
  int64_t tokens; /* even ones, odd ones: so many each */
  double *row;    /* E */
  double *z;      /* E */
  double *tie;    /* E×E */
  double *margin; /* tokens, ascending */
  cut *cut;       /* tokens: of the even ones */
  int32_t *best;  /* K + 1 */
} estimate;

static void free_estimate(estimate *e)
{
  free(e->row);
  free(e->z);
  free(e->tie);
  free(e->margin);
  free(e->cut);
  free(e->best);
}

static alf_status alloc_estimate(estimate *e, alf_error *err)
{
  size_t experts = (size_t)e->experts, tokens = (size_t)e->tokens;
  e->row = malloc(experts * sizeof *e->row);
  e->z = calloc(experts, sizeof *e->z);
  e->tie = malloc(experts * experts * sizeof *e->tie);
  e->margin = malloc(tokens * sizeof *e->margin);
  e->cut = malloc(tokens * sizeof *e->cut);
  e->best = malloc(((size_t)e->topk + 1) * sizeof *e->best);
  bool complete = e->row && e->z && e->tie && e->margin && e->cut && e->best;
  return complete ? ALF_OK : alf_fail_memory(err, tokens * sizeof *e->cut + experts * experts * sizeof *e->tie);
}

static const double *row_of(estimate *e, int64_t i)
{
  for (int32_t k = 0; k < e->experts; k++)
    e->row[k] = alf_affinity_get(e->batch, i, k);
  return e->row;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void find_cuts(estimate *e)
{
  for (int64_t i = 0; i < e->tokens; i++) {
    const double *row = row_of(e, 2 * i);
    alf_sum_of_best(row, e->shift, 0, e->z, e->experts, e->topk + 1, e->best, NULL);
    int32_t in = e->best[e->topk - 1], out = e->best[e->topk];
    e->cut[i] = (cut){row[in] + e->shift[in] - (row[out] + e->shift[out]), in, out};
    e->margin[i] = e->cut[i].margin;
  }
  qsort(e->margin, (size_t)e->tokens, sizeof *e->margin, compare);
}

/* λ_2 by the tokens with a margin below the bandwidth w: each adds 1/(2w) to h of its pair, as ties lie on both sides. */
static alf_status modulus_at(estimate *e, double bandwidth, alf_curvature_point *point, alf_error *err)
{
  int32_t experts = e->experts;
  for (int64_t at = 0; at < (int64_t)experts * experts; at++)
    e->tie[at] = 0;
  for (int64_t i = 0; i < e->tokens; i++) {
    cut c = e->cut[i];
    if (c.margin >= bandwidth)
      continue;
    double density = 1 / (2 * bandwidth * (double)e->tokens);
    e->tie[c.in * experts + c.out] += density;
    e->tie[c.out * experts + c.in] += density;
  }
  point->least_tie = INFINITY;
  for (int32_t k = 0; k < experts; k++)
    for (int32_t l = 0; l < k; l++)
      point->least_tie = fmin(point->least_tie, e->tie[k * experts + l]);
  return alf_laplacian_modulus(e->tie, experts, &point->modulus, err);
}

/* zᵀ∇²F z from the ties of the even tokens. */
static alf_mean predicted(const estimate *e, double bandwidth)
{
  alf_mean_sum sum = {0};
  for (int64_t i = 0; i < e->tokens; i++) {
    double difference = e->z[e->cut[i].in] - e->z[e->cut[i].out];
    alf_mean_add(&sum, e->cut[i].margin < bandwidth ? difference * difference / (2 * bandwidth) : 0);
  }
  return alf_mean_of(&sum);
}

/* The same from second differences of the odd tokens, with a step at which only ties within the bandwidth matter. */
static alf_mean seen(estimate *e, double bandwidth)
{
  alf_mean_sum sum = {0};
  double t = bandwidth / 2;
  for (int64_t i = 0; i < e->tokens; i++) {
    const double *row = row_of(e, 2 * i + 1);
    double here, ahead, behind;
    double up = alf_sum_of_best(row, e->shift, t, e->z, e->experts, e->topk, e->best, &ahead);
    double down = alf_sum_of_best(row, e->shift, -t, e->z, e->experts, e->topk, e->best, &behind);
    double level = alf_sum_of_best(row, e->shift, 0, e->z, e->experts, e->topk, e->best, &here);
    bool still = ahead == here && behind == here;
    alf_mean_add(&sum, still ? 0 : (up - 2 * level + down) / (t * t));
  }
  return alf_mean_of(&sum);
}

static alf_status compare_halves(estimate *e, alf_curvature *c, alf_error *err)
{
  for (int d = 0; d < DIRECTIONS; d++) {
    alf_status status = alf_draw_direction(e->z, e->experts, SEED, (uint64_t)d, err);
    if (status != ALF_OK)
      return status;
    alf_mean by_ties = predicted(e, c->bandwidth), by_differences = seen(e, c->bandwidth);
    c->by_second_differences = fmax(c->by_second_differences, fabs(alf_mean_distance(&by_ties, &by_differences)));
    c->resolution = fmax(c->resolution, by_differences.error / by_ties.value);
    c->sampled = by_differences.tokens;
    c->least_counted = by_differences.counted < c->least_counted ? by_differences.counted : c->least_counted;
  }
  return ALF_OK;
}

static void measure_spread(const estimate *e, alf_curvature_point *point)
{
  double highest = e->shift[0], lowest = e->shift[0];
  for (int32_t k = 0; k < e->experts; k++) {
    highest = fmax(highest, e->shift[k]);
    lowest = fmin(lowest, e->shift[k]);
  }
  point->spread = highest - lowest;
}

/* Enough for small errors, and a share that falls with their number, so that the density does not change much within the
   bandwidth: 4 n^(2/3), at most a third. */
static int64_t count_tied(int64_t tokens)
{
  double tied = fmin(4 * pow((double)tokens, 2. / 3), (double)tokens / 3);
  return (int64_t)tied;
}

static alf_status fill(estimate *e, alf_curvature *c, alf_error *err)
{
  alf_curvature_point half = {0};
  find_cuts(e);
  int64_t tied = count_tied(e->tokens);
  c->bandwidth = e->margin[tied];
  if (!(c->bandwidth > 0))
    return alf_fail(err, ALF_EUNSUPPORTED, "%lld of %lld tokens or more are tied exactly: there is no density of ties",
                    (long long)tied, (long long)e->tokens);
  measure_spread(e, &c->point[0]);
  alf_status status = modulus_at(e, c->bandwidth / 2, &half, err);
  if (status == ALF_OK)
    status = modulus_at(e, c->bandwidth, &c->point[0], err);
  c->bias = fabs(half.modulus / c->point[0].modulus - 1);
  return status == ALF_OK ? compare_halves(e, c, err) : status;
}

alf_status alf_curvature_of_batch(alf_curvature *c, const alf_affinity *batch, int32_t topk, const double *shift,
                                  alf_error *err)
{
  estimate e = {.batch = batch, .shift = shift, .experts = batch->experts, .topk = topk, .tokens = batch->tokens / 2};
  *c = (alf_curvature){
      .least_density = NAN, .closed_form = NAN, .bandwidth = NAN, .by_gradients = NAN, .least_counted = INT64_MAX};
  if (batch->tokens < FEWEST_TOKENS)
    return alf_fail(err, ALF_EUNSUPPORTED, "%lld tokens: expected at least %d to estimate a density of ties",
                    (long long)batch->tokens, FEWEST_TOKENS);
  alf_status status = alloc_estimate(&e, err);
  if (status == ALF_OK)
    status = fill(&e, c, err);
  free_estimate(&e);
  return status;
}
