#include "core/hot.h"
#include "routing/route_pass.h"

#if defined(__x86_64__)

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

#pragma GCC target("avx2,bmi,popcnt")

#include <immintrin.h>

typedef __m256 vec_f32;
typedef __m256d vec_f64;
typedef __m256i vec_i64;
enum { lanes_f32 = 8, lanes_f64 = 4, lanes_i64 = 4 };

/* All bits of lane j where bit j is set. */
static inline __m256i mask_8(uint64_t bits)
{
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), bit), bit);
}

static inline __m256i mask_4(uint64_t bits)
{
  const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
  return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)bits), bit), bit);
}

#define load_f32(p)       _mm256_loadu_ps(p)
#define store_f32(p, v)   _mm256_storeu_ps(p, v)
#define all_f32(x)        _mm256_set1_ps(x)
#define add_f32(a, b)     _mm256_add_ps(a, b)
#define most_f32(a, b)    _mm256_max_ps(a, b)
#define least_f32(a, b)   _mm256_min_ps(a, b)
#define above_f32(a, b)   (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ))
#define keep_f32(m, v, w) _mm256_blendv_ps(w, v, _mm256_castsi256_ps(mask_8(m)))

#define load_f64(p)       _mm256_loadu_pd(p)
#define store_f64(p, v)   _mm256_storeu_pd(p, v)
#define all_f64(x)        _mm256_set1_pd(x)
#define add_f64(a, b)     _mm256_add_pd(a, b)
#define most_f64(a, b)    _mm256_max_pd(a, b)
#define least_f64(a, b)   _mm256_min_pd(a, b)
#define above_f64(a, b)   (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ))
#define keep_f64(m, v, w) _mm256_blendv_pd(w, v, _mm256_castsi256_pd(mask_4(m)))

#define load_i64(p)       _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define store_i64(p, v)   _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define all_i64(x)        _mm256_set1_epi64x(x)
#define add_i64(a, b)     _mm256_add_epi64(a, b)
#define most_i64(a, b)    _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b))
#define least_i64(a, b)   _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b))
#define above_i64(a, b)   (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(a, b)))
#define keep_i64(m, v, w) _mm256_blendv_epi8(w, v, mask_4(m))

/* The vector with halves, quarters, … of its lanes exchanged. */
#define halves_f32(v)   _mm256_permute2f128_ps(v, v, 1)
#define quarters_f32(v) _mm256_permute_ps(v, 0x4e)
#define pairs_f32(v)    _mm256_permute_ps(v, 0xb1)
#define halves_f64(v)   _mm256_permute4x64_pd(v, 0x4e)
#define pairs_f64(v)    _mm256_permute4x64_pd(v, 0xb1)
#define halves_i64(v)   _mm256_permute4x64_epi64(v, 0x4e)
#define pairs_i64(v)    _mm256_permute4x64_epi64(v, 0xb1)

/* The largest lane with `better` = most, the smallest with least. */
#define EXTREME_LANES(name, better)                                                                                    \
  static inline float name##_f32(__m256 v)                                                                             \
  {                                                                                                                    \
    v = better##_f32(v, halves_f32(v));                                                                                \
    v = better##_f32(v, quarters_f32(v));                                                                              \
    return _mm256_cvtss_f32(better##_f32(v, pairs_f32(v)));                                                            \
  }                                                                                                                    \
  static inline double name##_f64(__m256d v)                                                                           \
  {                                                                                                                    \
    v = better##_f64(v, halves_f64(v));                                                                                \
    return _mm256_cvtsd_f64(better##_f64(v, pairs_f64(v)));                                                            \
  }                                                                                                                    \
  static inline int64_t name##_i64(__m256i v)                                                                          \
  {                                                                                                                    \
    v = better##_i64(v, halves_i64(v));                                                                                \
    return _mm256_extract_epi64(better##_i64(v, pairs_i64(v)), 0);                                                     \
  }
EXTREME_LANES(top_lane, most)
EXTREME_LANES(low_lane, least)

#include "routing/route_types.h"

/* Byte j of 32: −1 where bit j is set. */
static inline __m256i spread(uint32_t bits)
{
  const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), byte);
  return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}

static void count_block(const uint64_t *chosen, int64_t tokens, int32_t words, int64_t *load)
{
  for (int32_t w = 0; w < words; w++) {
    __m256i low = _mm256_setzero_si256(), high = low;
    uint8_t byte[WORD];
    for (int64_t i = 0; i < tokens; i++) {
      low = _mm256_sub_epi8(low, spread((uint32_t)chosen[i * words + w]));
      high = _mm256_sub_epi8(high, spread((uint32_t)(chosen[i * words + w] >> 32)));
    }
    store_i64(byte, low);
    store_i64(byte + WORD / 2, high);
    for (int32_t k = 0; k < WORD; k++)
      load[w * WORD + k] += byte[k];
  }
}

const alf_route_kernel alf_route_avx2 = ROUTE_KERNEL("avx2", runs_here);

#endif
