#include "firstorder/saddle.h"

#include <math.h>
#include <stdlib.h>

alf_status alf_saddle_open(alf_saddle *saddle, const alf_problem *problem, alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts;
  double denominator = (double)alf_problem_denominator(problem);
  *saddle = (alf_saddle){.tokens = problem->batch->tokens, .experts = problem->batch->experts, .topk = problem->topk};
  alf_status status = alf_affinity_convert(problem->batch, ALF_FLOAT64, &saddle->affinity, err);
  if (status)
    return status;
  saddle->value = saddle->affinity.values;
  saddle->lower = malloc(experts * sizeof *saddle->lower);
  saddle->upper = malloc(experts * sizeof *saddle->upper);
  if (!saddle->lower || !saddle->upper)
    return alf_fail_memory(err, 2 * experts * sizeof *saddle->lower);
  for (int32_t k = 0; k < saddle->experts; k++) {
    alf_load_range range = alf_problem_load_range(problem, k);
    saddle->lower[k] = (double)range.lower / denominator;
    saddle->upper[k] = (double)range.upper / denominator;
  }
  return ALF_OK;
}

void alf_saddle_close(alf_saddle *saddle)
{
  alf_affinity_free(&saddle->affinity);
  free(saddle->lower);
  free(saddle->upper);
  *saddle = (alf_saddle){0};
}

double alf_saddle_spread(const alf_saddle *saddle)
{
  double sum = 0;
  for (int64_t i = 0; i < saddle->tokens; i++) {
    const double *row = saddle->value + i * saddle->experts;
    double least = row[0], most = row[0];
    for (int32_t k = 1; k < saddle->experts; k++) {
      least = fmin(least, row[k]);
      most = fmax(most, row[k]);
    }
    sum += most - least;
  }
  return sum > 0 ? sum / (double)saddle->tokens : 1;
}

double alf_saddle_norm(const alf_saddle *saddle)
{
  double squares = 0;
  for (int64_t i = 0; i < saddle->tokens; i++) {
    const double *row = saddle->value + i * saddle->experts;
    double mean = alf_saddle_sum(row, saddle->experts) / saddle->experts;
    for (int32_t k = 0; k < saddle->experts; k++)
      squares += (row[k] - mean) * (row[k] - mean);
  }
  return sqrt(squares);
}
