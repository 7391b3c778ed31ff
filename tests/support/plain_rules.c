#include "plain_rules.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* The two scores between which the Top-K of token i ends. */
typedef struct ends {
  double last_in, first_out;
} ends;

static ends ends_of(const alf_update *b, const double *shift, int32_t i)
{
  double score[ALF_UPDATE_EXPERTS];
  for (int32_t k = 0; k < b->experts; k++)
    score[k] = b->value[i * b->experts + k] + shift[k];
  qsort(score, (size_t)b->experts, sizeof *score, ascending);
  return (ends){score[b->experts - b->topk], score[b->experts - b->topk - 1]};
}

/* threshold_i − γ_ik of expert k, ascending. */
static void sorted_column(const alf_update *b, const double *threshold, int32_t k, double *column)
{
  for (int32_t i = 0; i < b->tokens; i++)
    column[i] = threshold[i] - b->value[i * b->experts + k];
  qsort(column, (size_t)b->tokens, sizeof *column, ascending);
}

static void take_mean_off(double *value, int32_t count)
{
  double mean = 0;
  for (int32_t k = 0; k < count; k++)
    mean += value[k] / count;
  for (int32_t k = 0; k < count; k++)
    value[k] -= mean;
}

double alf_plain_quantile(const alf_update *b, double *target)
{
  double threshold[ALF_UPDATE_TOKENS], column[ALF_UPDATE_TOKENS], least = INFINITY, most = -INFINITY;
  int32_t whole = b->tokens * b->topk / b->experts, rest = b->tokens * b->topk % b->experts;
  for (int32_t i = 0; i < b->tokens; i++) {
    ends e = ends_of(b, b->shift, i);
    threshold[i] = (e.last_in + e.first_out) / 2;
  }
  for (int32_t k = 0; k < b->experts; k++) {
    sorted_column(b, threshold, k, column);
    target[k] = rest ? column[whole] : (column[whole - 1] + column[whole]) / 2;
    least = fmin(least, column[0]);
    most = fmax(most, column[b->tokens - 1]);
  }
  take_mean_off(target, b->experts);
  return most - least;
}

void alf_plain_bip(const alf_update *b, int passes, double *price)
{
  double threshold[ALF_UPDATE_TOKENS], column[ALF_UPDATE_TOKENS];
  memcpy(price, b->shift, (size_t)b->experts * sizeof *price);
  for (int n = 0; n < passes; n++) {
    for (int32_t i = 0; i < b->tokens; i++)
      threshold[i] = fmax(0, ends_of(b, price, i).first_out);
    for (int32_t k = 0; k < b->experts; k++) {
      sorted_column(b, threshold, k, column);
      price[k] = -fmax(0, -column[b->tokens * b->topk / b->experts]);
    }
  }
}

/* Gauss, with the largest pivot of each column. */
static void solve_plainly(double a[ALF_UPDATE_EXPERTS][ALF_UPDATE_EXPERTS], double *x, int32_t n)
{
  for (int32_t c = 0; c < n; c++) {
    int32_t pivot = c;
    for (int32_t r = c; r < n; r++)
      pivot = fabs(a[r][c]) > fabs(a[pivot][c]) ? r : pivot;
    for (int32_t j = 0; j < n; j++) {
      double held = a[c][j];
      a[c][j] = a[pivot][j];
      a[pivot][j] = held;
    }
    double held = x[c];
    x[c] = x[pivot];
    x[pivot] = held;
    for (int32_t r = 0; r < n; r++) {
      double factor = r == c ? 0 : a[r][c] / a[c][c];
      for (int32_t j = 0; j < n; j++)
        a[r][j] -= factor * a[c][j];
      x[r] -= factor * x[c];
    }
  }
  for (int32_t r = 0; r < n; r++)
    x[r] /= a[r][r];
}

double alf_plain_width(const alf_update *b, int32_t count, double *widest)
{
  double margin[ALF_UPDATE_TOKENS];
  for (int32_t i = 0; i < b->tokens; i++) {
    ends e = ends_of(b, b->shift, i);
    margin[i] = e.last_in - e.first_out;
  }
  qsort(margin, (size_t)b->tokens, sizeof *margin, ascending);
  *widest = margin[b->tokens - 1];
  while (count < b->tokens && margin[count - 1] == 0)
    count++;
  return margin[count - 1];
}

/* A token's pairs at its cut, in both orders. */
static void add_pairs(const alf_update *b, int32_t i, double a[ALF_UPDATE_EXPERTS][ALF_UPDATE_EXPERTS], double density)
{
  ends e = ends_of(b, b->shift, i);
  bool pair[ALF_UPDATE_EXPERTS][ALF_UPDATE_EXPERTS];
  int32_t pairs = 0;
  for (int32_t k = 0; k < b->experts; k++)
    for (int32_t l = 0; l < b->experts; l++) {
      double first = b->value[i * b->experts + k] + b->shift[k], second = b->value[i * b->experts + l] + b->shift[l];
      pair[k][l] = k != l && fmax(first, second) == e.last_in && fmin(first, second) == e.first_out;
      pairs += pair[k][l];
    }
  for (int32_t k = 0; k < b->experts; k++)
    for (int32_t l = 0; l < b->experts; l++)
      if (pair[k][l]) {
        a[k][k] += density * 2 / pairs;
        a[k][l] -= density * 2 / pairs;
      }
}

void alf_plain_newton(const alf_update *b, double ridge, double *step)
{
  static double a[ALF_UPDATE_EXPERTS][ALF_UPDATE_EXPERTS];
  int64_t load[ALF_UPDATE_EXPERTS];
  double widest, trace = 0, target = (double)b->tokens * b->topk / b->experts;
  int32_t fifth = (b->tokens + 4) / 5, count = fifth > b->experts ? fifth : b->experts;
  double excess = 0;
  alf_update_loads(b, load);
  for (int32_t k = 0; k < b->experts; k++)
    excess += fmax(0, (double)load[k] - target);
  excess = floor(excess + 1e-9);
  count = excess > count ? (int32_t)excess : count;
  double width = alf_plain_width(b, count < b->tokens ? count : b->tokens, &widest);
  memset(a, 0, sizeof a);
  for (int32_t i = 0; i < b->tokens; i++) {
    ends e = ends_of(b, b->shift, i);
    if (e.last_in - e.first_out <= width)
      add_pairs(b, i, a, 1 / (2 * width));
  }
  for (int32_t k = 0; k < b->experts; k++)
    trace += a[k][k];
  for (int32_t k = 0; k < b->experts; k++) {
    a[k][k] += ridge * trace / b->experts;
    step[k] = target - (double)load[k];
  }
  solve_plainly(a, step, b->experts);
  take_mean_off(step, b->experts);
  double least = INFINITY, most = -INFINITY;
  for (int32_t k = 0; k < b->experts; k++) {
    least = fmin(least, step[k]);
    most = fmax(most, step[k]);
  }
  for (int32_t k = 0; k < b->experts && most - least > widest; k++)
    step[k] *= widest / (most - least);
}
