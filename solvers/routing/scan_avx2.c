#include "routing/scan.h"

#if defined(__x86_64__)

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

#pragma GCC target("avx2,bmi,popcnt")

#include <immintrin.h>

typedef __m256i vec;
typedef __m256i mask;
enum { LANES = 4 };

#define load(p)        _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define store(p, v)    _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define all(x)         _mm256_set1_epi64x(x)
#define add(a, b)      _mm256_add_epi64(a, b)
#define sub(a, b)      _mm256_sub_epi64(a, b)
#define least(a, b)    where(greater(a, b), b, a)
#define most(a, b)     where(greater(a, b), a, b)
#define greater(a, b)  _mm256_cmpgt_epi64(a, b)
#define where(m, a, b) _mm256_blendv_epi8(b, a, m)
#define count_if(n, m) _mm256_sub_epi64(n, m)
#define bits(m)        ((unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(m)))

static inline int64_t least_lane(vec v)
{
  int64_t lane[LANES];
  store(lane, v);
  int64_t a = lane[0] < lane[1] ? lane[0] : lane[1], b = lane[2] < lane[3] ? lane[2] : lane[3];
  return a < b ? a : b;
}

#include "routing/scan_kernel.h"

const alf_scan_kernel alf_scan_avx2 = {"avx2", runs_here, token, within, find, cut};

#endif
