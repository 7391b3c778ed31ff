#include "routing/scan.h"

typedef int64_t vec;
typedef bool mask;
enum { LANES = 1 };

#define load(p)        (*(p))
#define store(p, v)    (*(p) = (v))
#define all(x)         ((int64_t)(x))
#define add(a, b)      ((a) + (b))
#define sub(a, b)      ((a) - (b))
#define least(a, b)    ((a) < (b) ? (a) : (b))
#define most(a, b)     ((a) > (b) ? (a) : (b))
#define greater(a, b)  ((a) > (b))
#define where(m, a, b) ((m) ? (a) : (b))
#define count_if(n, m) ((n) + (m))
#define bits(m)        ((unsigned)(m))
#define least_lane(v)  (v)

#include "routing/scan_kernel.h"

static bool runs_here(void)
{
  return true;
}

const alf_scan_kernel alf_scan_plain = {"plain", runs_here, token, within, find, cut};
