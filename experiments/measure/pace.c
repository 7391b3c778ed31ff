#include "measure/pace.h"

#include <stdint.h>
#include <time.h>

#define FACTOR UINT64_C(0x7fb5d329728ea185)

void alf_pace_work(void)
{
  static volatile uint64_t sink;
  uint64_t x = 1;
  for (int i = 0; i < 1 << 21; i++)
    x = (x ^ (x >> 31)) * FACTOR;
  sink = x;
  (void)sink;
}

/* Independent words in the first cache: as slow as cells become where a neighbour has the other half of a core, which
   the chain above does not feel. */
static void work_wide(void)
{
  enum { WORDS = 2048, PASSES = 2048 };
  static volatile uint64_t sink;
  uint64_t word[WORDS];
  for (int i = 0; i < WORDS; i++)
    word[i] = (uint64_t)i;
  for (int p = 0; p < PASSES; p++)
    for (int i = 0; i < WORDS; i++)
      word[i] = (word[i] ^ (word[i] >> 31)) * FACTOR;
  for (int i = 0; i < WORDS; i++)
    sink = word[i];
  (void)sink;
}

double alf_processor_seconds(void)
{
  struct timespec t = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double alf_pace_seconds(void)
{
  double start = alf_processor_seconds();
  work_wide();
  return alf_processor_seconds() - start;
}
