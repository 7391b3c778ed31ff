#include "routing/scan.h"

#if defined(__x86_64__)

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

#pragma GCC target("avx512f,avx512dq,avx512vl,bmi,popcnt")

#include <immintrin.h>

typedef __m512i vec;
typedef __mmask8 mask;
enum { LANES = 8 };

#define load(p)        _mm512_loadu_si512(p)
#define store(p, v)    _mm512_storeu_si512(p, v)
#define all(x)         _mm512_set1_epi64(x)
#define add(a, b)      _mm512_add_epi64(a, b)
#define sub(a, b)      _mm512_sub_epi64(a, b)
#define least(a, b)    _mm512_min_epi64(a, b)
#define most(a, b)     _mm512_max_epi64(a, b)
#define greater(a, b)  _mm512_cmpgt_epi64_mask(a, b)
#define where(m, a, b) _mm512_mask_blend_epi64(m, b, a)
#define count_if(n, m) _mm512_mask_add_epi64(n, m, n, all(1))
#define bits(m)        ((unsigned)(m))
#define least_lane(v)  _mm512_reduce_min_epi64(v)

#include "routing/scan_kernel.h"

const alf_scan_kernel alf_scan_avx512 = {"avx512", runs_here, token, within, find, cut};

#endif
