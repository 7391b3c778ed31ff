#include "trial/measures.h"

int64_t alf_trial_second_half(int64_t updates)
{
  return updates / 2 + 1;
}

int64_t alf_trial_last_tenth(int64_t updates)
{
  return updates < 10 ? updates : updates - updates / 10 + 1;
}

static int64_t sum_of(const alf_trial_loads *loads, int64_t first, int64_t count)
{
  int64_t sum = 0;
  for (int64_t n = first; n < first + count; n++)
    sum += loads->most[n];
  return sum;
}

/* Σ of `count` MaxVios, from the sum of so many loads, in units of 1/slots. */
static double excess(const alf_trial_loads *loads, int64_t sum, int64_t count)
{
  return (double)(loads->experts * sum - count * loads->slots);
}

int64_t alf_trial_sum(const alf_trial_loads *loads, int64_t first)
{
  return sum_of(loads, first, loads->updates - first + 1);
}

double alf_trial_mean(const alf_trial_loads *loads, int64_t first)
{
  int64_t count = loads->updates - first + 1;
  return excess(loads, sum_of(loads, first, count), count) / (double)(count * loads->slots);
}

double alf_trial_worst(const alf_trial_loads *loads, int64_t first)
{
  int64_t most = 0;
  for (int64_t n = first; n <= loads->updates; n++)
    most = loads->most[n] > most ? loads->most[n] : most;
  return excess(loads, most, 1) / (double)loads->slots;
}

int64_t alf_trial_reached(const alf_trial_loads *loads, int64_t window, double threshold)
{
  for (int64_t n = 0; n + window <= loads->updates + 1; n++)
    if (excess(loads, sum_of(loads, n, window), window) <= threshold * (double)(window * loads->slots))
      return n;
  return -1;
}

int alf_trial_range(const double *value, int count, int place, double limit, int *first)
{
  int last = place;
  *first = place;
  while (*first > 0 && value[*first - 1] <= limit)
    --*first;
  while (last + 1 < count && value[last + 1] <= limit)
    last++;
  return last - *first + 1;
}
