#include "exact/coarse.h"

typedef int32_t vec;
enum { LANES = 1 };

#define load(p)                 (*(p))
#define store(p, v)             (*(p) = (v))
#define all(x)                  ((int32_t)(x))
#define add(a, b)               ((a) + (b))
#define least(a, b)             ((a) < (b) ? (a) : (b))
#define most(a, b)              ((a) > (b) ? (a) : (b))
#define where_equal(a, b, x, y) ((a) == (b) ? (x) : (y))

#include "exact/coarse_kernel.h"

static bool runs_here(void)
{
  return true;
}

const alf_coarse_kernel alf_coarse_plain = {"plain", runs_here, rank};
