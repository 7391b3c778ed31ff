#include "core/gap.h"

#include "core/hot.h"

ALF_HOT int64_t alf_count_below(const int64_t *value, int64_t count, int64_t limit)
{
  int64_t below = 0;
  for (int64_t i = 0; i < count; i++)
    below += value[i] < limit;
  return below;
}

/* Smallest and largest value. */
ALF_HOT static alf_gap ends_of(const int64_t *value, int64_t count)
{
  alf_gap ends = {INT64_MAX, INT64_MIN};
  for (int64_t i = 0; i < count; i++) {
    ends.below = value[i] < ends.below ? value[i] : ends.below;
    ends.above = value[i] > ends.above ? value[i] : ends.above;
  }
  return ends;
}

/* Largest value below the limit and smallest one that is not. */
ALF_HOT static alf_gap split_at(const int64_t *value, int64_t count, int64_t limit)
{
  int64_t below = INT64_MIN, above = INT64_MAX;
  for (int64_t i = 0; i < count; i++) {
    int64_t v = value[i], is_below = -(int64_t)(v < limit); /* all bits or none: compilers vectorise this */
    int64_t low = (v & is_below) | (INT64_MIN & ~is_below), high = (v & ~is_below) | (INT64_MAX & is_below);
    below = low > below ? low : below;
    above = high < above ? high : above;
  }
  return (alf_gap){below, above};
}

/* A limit strictly between two others, where the wanted rank would lie if the values were spread evenly; every third
   time the middle, for they may not be. */
static int64_t next_limit(int64_t low, int64_t high, double share, int step)
{
  int64_t middle = low + (high - low) / 2, limit = low + (int64_t)(share * (double)(high - low));
  if (step % 3 == 2)
    return middle;
  return limit <= low ? low + 1 : limit >= high ? high - 1 : limit;
}

alf_gap alf_gap_at(const int64_t *value, int64_t count, int64_t rank)
{
  alf_gap ends = ends_of(value, count);
  if (rank <= 0 || rank >= count)
    return (alf_gap){rank <= 0 ? INT64_MIN : ends.above, rank <= 0 ? ends.below : INT64_MAX};
  int64_t low = ends.below, high = ends.above + 1, below_low = 0, below_high = count;
  for (int step = 0; high - low > 1; step++) {
    double share = ((double)(rank - below_low) + 0.5) / ((double)(below_high - below_low) + 1);
    int64_t limit = next_limit(low, high, share, step), below = alf_count_below(value, count, limit);
    if (below == rank)
      return split_at(value, count, limit);
    if (below < rank) {
      low = limit;
      below_low = below;
    } else {
      high = limit;
      below_high = below;
    }
  }
  return (alf_gap){low, low};
}
