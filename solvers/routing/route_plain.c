#include "core/hot.h"
#include "routing/route_pass.h"

typedef float vec_f32;
typedef double vec_f64;
typedef int64_t vec_i64;
enum { lanes_f32 = 1, lanes_f64 = 1, lanes_i64 = 1 };

#define LOAD(p)       (*(p))
#define STORE(p, v)   (*(p) = (v))
#define ADD(a, b)     ((a) + (b))
#define MOST(a, b)    ((a) > (b) ? (a) : (b))
#define LEAST(a, b)   ((a) < (b) ? (a) : (b))
#define ABOVE(a, b)   ((a) > (b))
#define KEEP(m, v, w) ((m) ? (v) : (w))

#define load_f32     LOAD
#define store_f32    STORE
#define all_f32      (float)
#define add_f32      ADD
#define most_f32     MOST
#define least_f32    LEAST
#define above_f32    ABOVE
#define keep_f32     KEEP
#define top_lane_f32 (float)
#define low_lane_f32 (float)
#define load_f64     LOAD
#define store_f64    STORE
#define all_f64      (double)
#define add_f64      ADD
#define most_f64     MOST
#define least_f64    LEAST
#define above_f64    ABOVE
#define keep_f64     KEEP
#define top_lane_f64 (double)
#define low_lane_f64 (double)
#define load_i64     LOAD
#define store_i64    STORE
#define all_i64      (int64_t)
#define add_i64      ADD
#define most_i64     MOST
#define least_i64    LEAST
#define above_i64    ABOVE
#define keep_i64     KEEP
#define top_lane_i64 (int64_t)
#define low_lane_i64 (int64_t)

#include "routing/route_types.h"

static void count_block(const uint64_t *chosen, int64_t tokens, int32_t words, int64_t *load)
{
  alf_count_loads(chosen, tokens, words * WORD, load);
}

static bool runs_here(void)
{
  return true;
}

const alf_route_kernel alf_route_plain = ROUTE_KERNEL("plain", runs_here);
