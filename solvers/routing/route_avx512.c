#include "core/hot.h"
#include "routing/route_pass.h"

#if defined(__x86_64__)

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt");
}

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi,popcnt")

#include <immintrin.h>

typedef __m512 vec_f32;
typedef __m512d vec_f64;
typedef __m512i vec_i64;
enum { lanes_f32 = 16, lanes_f64 = 8, lanes_i64 = 8 };

#define load_f32(p)       _mm512_loadu_ps(p)
#define store_f32(p, v)   _mm512_storeu_ps(p, v)
#define all_f32(x)        _mm512_set1_ps(x)
#define add_f32(a, b)     _mm512_add_ps(a, b)
#define most_f32(a, b)    _mm512_max_ps(a, b)
#define least_f32(a, b)   _mm512_min_ps(a, b)
#define above_f32(a, b)   _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define keep_f32(m, v, w) _mm512_mask_blend_ps((__mmask16)(m), w, v)
#define top_lane_f32(v)   _mm512_reduce_max_ps(v)
#define low_lane_f32(v)   _mm512_reduce_min_ps(v)

#define load_f64(p)       _mm512_loadu_pd(p)
#define store_f64(p, v)   _mm512_storeu_pd(p, v)
#define all_f64(x)        _mm512_set1_pd(x)
#define add_f64(a, b)     _mm512_add_pd(a, b)
#define most_f64(a, b)    _mm512_max_pd(a, b)
#define least_f64(a, b)   _mm512_min_pd(a, b)
#define above_f64(a, b)   _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ)
#define keep_f64(m, v, w) _mm512_mask_blend_pd((__mmask8)(m), w, v)
#define top_lane_f64(v)   _mm512_reduce_max_pd(v)
#define low_lane_f64(v)   _mm512_reduce_min_pd(v)

#define load_i64(p)       _mm512_loadu_si512(p)
#define store_i64(p, v)   _mm512_storeu_si512(p, v)
#define all_i64(x)        _mm512_set1_epi64(x)
#define add_i64(a, b)     _mm512_add_epi64(a, b)
#define most_i64(a, b)    _mm512_max_epi64(a, b)
#define least_i64(a, b)   _mm512_min_epi64(a, b)
#define above_i64(a, b)   _mm512_cmpgt_epi64_mask(a, b)
#define keep_i64(m, v, w) _mm512_mask_blend_epi64((__mmask8)(m), w, v)
#define top_lane_i64(v)   _mm512_reduce_max_epi64(v)
#define low_lane_i64(v)   _mm512_reduce_min_epi64(v)

#include "routing/route_types.h"

static void count_block(const uint64_t *chosen, int64_t tokens, int32_t words, int64_t *load)
{
  for (int32_t w = 0; w < words; w++) {
    __m512i count = _mm512_setzero_si512();
    uint8_t byte[WORD];
    for (int64_t i = 0; i < tokens; i++)
      count = _mm512_mask_add_epi8(count, (__mmask64)chosen[i * words + w], count, _mm512_set1_epi8(1));
    _mm512_storeu_si512(byte, count);
    for (int32_t k = 0; k < WORD; k++)
      load[w * WORD + k] += byte[k];
  }
}

const alf_route_kernel alf_route_avx512 = ROUTE_KERNEL("avx512", runs_here);

#endif
