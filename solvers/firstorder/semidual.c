#include "firstorder/semidual.h"

#include <math.h>
#include <string.h>

/* The c largest scores, descending, by insertion; without those that are λ below the K-th: θ is not lower than that,
   where K amounts have arrived at 1. Returns how many. */
static int32_t select_largest(const alf_semidual *f, const double *score, int32_t *expert, double *largest)
{
  int32_t held = 0, count = f->nonzeros, topk = f->topk;
  for (int32_t k = 0; k < f->experts; k++) {
    if (held == count && score[k] <= largest[count - 1])
      continue;
    if (held >= topk && score[k] <= largest[topk - 1] - f->lambda)
      continue;
    int32_t at = held < count ? held++ : count - 1;
    for (; at > 0 && largest[at - 1] < score[k]; at--) {
      largest[at] = largest[at - 1];
      expert[at] = expert[at - 1];
    }
    largest[at] = score[k];
    expert[at] = k;
  }
  return held;
}

/* θ with Σ_j clip((s_j − θ)/λ) = K for descending scores s: θ falls from the largest score on, past the points where
   an amount leaves 0 or arrives at 1, and the sum grows in between by the number of amounts on their way. */
static double threshold(const double *score, int32_t count, int32_t topk, double lambda)
{
  int32_t entered = 1, full = 0;
  double sum = 0, theta = score[0];
  while (full < count) {
    double enter = entered < count ? score[entered] : -(double)INFINITY;
    double arrive = full < entered ? score[full] - lambda : -(double)INFINITY;
    double stop = fmax(enter, arrive);
    int32_t moving = entered - full;
    if (moving > 0 && sum + moving * (theta - stop) / lambda >= topk)
      return theta - (topk - sum) * lambda / moving;
    sum += moving * (theta - stop) / lambda;
    theta = stop;
    if (enter > arrive)
      entered++;
    else
      full++;
  }
  return theta;
}

int32_t alf_semidual_plan(const alf_semidual *f, const double *score, int32_t *expert, double *amount)
{
  int32_t held = select_largest(f, score, expert, amount), entries = 0;
  double theta = threshold(amount, held, f->topk, f->lambda);
  for (; entries < held && amount[entries] > theta; entries++)
    amount[entries] = fmin((amount[entries] - theta) / f->lambda, 1);
  return entries;
}

static void add_prices(const alf_semidual *f, int64_t i, const double *price, double *score)
{
  const double *affinity = f->affinity + i * f->experts;
  for (int32_t k = 0; k < f->experts; k++)
    score[k] = affinity[k] + price[k];
}

double alf_semidual_value(const alf_semidual *f, const double *price, double *gradient, double *score, double *amount,
                          int32_t *expert)
{
  double value = 0;
  for (int32_t k = 0; k < f->experts; k++)
    gradient[k] = -f->target[k];
  for (int64_t i = 0; i < f->tokens; i++) {
    double own = 0;
    add_prices(f, i, price, score);
    int32_t entries = alf_semidual_plan(f, score, expert, amount);
    for (int32_t j = 0; j < entries; j++) {
      own += amount[j] * (score[expert[j]] - f->lambda / 2 * amount[j]);
      gradient[expert[j]] += amount[j];
    }
    value += own;
  }
  for (int32_t k = 0; k < f->experts; k++)
    value -= f->target[k] * price[k];
  return value;
}

void alf_semidual_fill(const alf_semidual *f, const double *price, double *x, double *score, double *amount,
                       int32_t *expert)
{
  int32_t experts = f->experts;
  memset(x, 0, (size_t)f->tokens * (size_t)experts * sizeof *x);
  for (int64_t i = 0; i < f->tokens; i++, x += experts) {
    add_prices(f, i, price, score);
    int32_t entries = alf_semidual_plan(f, score, expert, amount);
    for (int32_t j = 0; j < entries; j++)
      x[expert[j]] = amount[j];
  }
}
