/* Order statistics by counting: passes without branches over values that stay where they are. */
#ifndef ALF_CORE_GAP_H
#define ALF_CORE_GAP_H

#include <stdint.h>

/* The neighbours of a rank in ascending order: the largest of the `rank` smallest values and the smallest of the others;
   INT64_MIN and INT64_MAX where there is none. */
typedef struct alf_gap {
  int64_t below, above;
} alf_gap;

/* 0 <= rank <= count, |value| <= 2^61. */
alf_gap alf_gap_at(const int64_t *value, int64_t count, int64_t rank);

/* How many values are less than `limit`. */
int64_t alf_count_below(const int64_t *value, int64_t count, int64_t limit);

#endif
