/* The kernels of all three element types. The file that includes this defines their vectors (route_kernel.h) and
     count_block(chosen, tokens, words, load)   adds the slots of at most BLOCK tokens. */
#include <math.h>
#include <string.h>

#include "alf/routing.h"

static void count_block(const uint64_t *chosen, int64_t tokens, int32_t words, int64_t *load);

enum {
  WORD = 64,
  BLOCK = 128,  /* counters of 8 bits do not overflow */
  AHEAD = 8,    /* tokens */
  LINE = 64,    /* bytes of a cache line */
  FETCH = 2048, /* bytes of a row that are worth asking for early */
};

ALF_INLINE void count_changes(alf_route_pass *p, int64_t i)
{
  const uint64_t *now = p->chosen + i * p->words, *before = p->before + i * p->words;
  for (int32_t w = 0; w < p->words; w++) {
    for (uint64_t bits = now[w] & ~before[w]; bits; bits &= bits - 1)
      p->load[w * WORD + __builtin_ctzll(bits)]++;
    for (uint64_t bits = before[w] & ~now[w]; bits; bits &= bits - 1)
      p->load[w * WORD + __builtin_ctzll(bits)]--;
  }
}

#define TYPE            f32
#define NUM             float
#define LOWEST          (-INFINITY)
#define HIGHEST         INFINITY
#define KEY(score)      alf_score_key(score)
#define MIDDLE(low, in) ((low) / 2 + (in) / 2)
#include "routing/route_kernel.h"

#define TYPE            f64
#define NUM             double
#define LOWEST          ((double)-INFINITY)
#define HIGHEST         ((double)INFINITY)
#define KEY(score)      alf_score_key(score)
#define MIDDLE(low, in) ((low) / 2 + (in) / 2)
#include "routing/route_kernel.h"

#define TYPE            i64
#define NUM             int64_t
#define LOWEST          INT64_MIN
#define HIGHEST         INT64_MAX
#define KEY(score)      (score)
#define MIDDLE(low, in) ((low) + ((in) - (low)) / 2)
#include "routing/route_kernel.h"

#define ROUTE_KERNEL(name, runs_here)                                                                                  \
  {                                                                                                                    \
    name, runs_here, {route_f32, route_f64, route_i64},                                                                \
    {                                                                                                                  \
      touch_f32, touch_f64, touch_i64                                                                                  \
    }                                                                                                                  \
  }
