#include "direction.h"

#include <gsl/gsl_errno.h>
#include <math.h>

#include "alf/random.h"

void alf_mean_add(alf_mean_sum *sum, double value)
{
  sum->sum += value;
  sum->squares += (long double)value * value;
  sum->tokens++;
  sum->counted += value != 0;
}

alf_mean alf_mean_of(const alf_mean_sum *sum)
{
  long double n = (long double)sum->tokens, mean = sum->sum / n, variance = (sum->squares / n - mean * mean) / (n - 1);
  return (alf_mean){(double)mean, sqrt((double)(variance > 0 ? variance : 0)), sum->tokens, sum->counted};
}

double alf_mean_distance(const alf_mean *a, const alf_mean *b)
{
  double difference = a->value - b->value, error = hypot(a->error, b->error);
  return difference == 0 ? 0 : difference / error;
}

/* Puts expert k into best[0..n−1], the largest score first; equal ones in the order they come. */
static void insert(const double *score, int32_t k, int32_t *best, int32_t n)
{
  int32_t j = n - 1;
  for (; j > 0 && score[best[j - 1]] < score[k]; j--)
    best[j] = best[j - 1];
  best[j] = k;
}

double alf_sum_of_best(const double *affinity, const double *shift, double t, const double *z, int32_t experts,
                       int32_t topk, int32_t *best, double *along)
{
  double score[ALF_MAX_EXPERTS], sum = 0;
  for (int32_t k = 0; k < experts; k++) {
    score[k] = affinity[k] + (shift[k] + t * z[k]);
    if (k < topk)
      insert(score, k, best, k + 1);
    else if (score[k] > score[best[topk - 1]])
      insert(score, k, best, topk);
  }
  if (along)
    *along = 0;
  for (int32_t j = 0; j < topk; j++) {
    sum += score[best[j]];
    if (along)
      *along += z[best[j]];
  }
  return sum;
}

alf_status alf_draw_direction(double *z, int32_t experts, uint64_t seed, uint64_t number, alf_error *err)
{
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  double mean = 0, largest = 0;
  if (!rng)
    return alf_fail_memory(err, sizeof *rng);
  alf_rng_stream(rng, seed, number, ALF_RNG_SHARED);
  for (int32_t k = 0; k < experts; k++) {
    z[k] = 2 * gsl_rng_uniform(rng) - 1;
    mean += z[k] / experts;
  }
  for (int32_t k = 0; k < experts; k++) {
    z[k] -= mean;
    largest = fmax(largest, fabs(z[k]));
  }
  for (int32_t k = 0; k < experts; k++)
    z[k] /= largest;
  gsl_rng_free(rng);
  return ALF_OK;
}
