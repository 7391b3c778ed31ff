#include "exact/coarse.h"

#if defined(__x86_64__)

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx2");
}

#pragma GCC target("avx2")

#include <immintrin.h>

typedef __m256i vec;
enum { LANES = 8 };

#define load(p)                 _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define store(p, v)             _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define all(x)                  _mm256_set1_epi32(x)
#define add(a, b)               _mm256_add_epi32(a, b)
#define least(a, b)             _mm256_min_epi32(a, b)
#define most(a, b)              _mm256_max_epi32(a, b)
#define where_equal(a, b, x, y) _mm256_blendv_epi8(y, x, _mm256_cmpeq_epi32(a, b))

#include "exact/coarse_kernel.h"

const alf_coarse_kernel alf_coarse_avx2 = {"avx2", runs_here, rank};

#endif
