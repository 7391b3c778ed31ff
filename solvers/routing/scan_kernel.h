/* The kernels of scan.h for one instruction set. The file that includes this defines the vectors: their type `vec` of
   LANES integers, the type `mask` of a comparison, and
     load store all add sub    as their names say; `all` gives every lane the same value
     least most                of two vectors, lane by lane
     greater                   mask of a > b
     where(mask, a, b)         lanes of a where the mask is set, else of b
     count_if(n, mask)         n + 1 where the mask is set, else n
     bits(mask)                lane j as bit j
     least_lane(v)             the smallest lane
   and makes its alf_scan_kernel of the static functions at the end. Nothing branches on scores, which would be
   mispredicted. */
#include "core/hot.h"
#include "routing/scan.h"

enum {
  FEW_TOPK = 8,     /* up to which few groups do */
  FEW_GROUPS = 16,  /* a multiple of LANES, and ALF_SCAN_BLOCK */
  MANY_GROUPS = 32, /* a multiple of FEW_GROUPS */
  WORD = 64,
  EVERY_LANE = (1 << LANES) - 1,
};

ALF_INLINE int64_t most_lane(vec v)
{
  return ~least_lane(sub(all(-1), v));
}

/* The K-th largest of `count` values, a constant, and the next one: those that have few others ahead of them. */
ALF_INLINE alf_cut cut_values(const int64_t *value, int32_t count, int32_t topk)
{
  vec in = all(INT64_MAX), next = all(INT64_MAX);
  for (int32_t j = 0; j < count; j += LANES) {
    vec own = load(value + j), ahead = all(0);
    for (int32_t rival = 0; rival < count; rival++)
      ahead = count_if(ahead, greater(all(value[rival]), own));
    in = least(in, where(greater(all(topk), ahead), own, all(INT64_MAX)));
    next = least(next, where(greater(ahead, all(topk)), all(INT64_MAX), own));
  }
  return (alf_cut){least_lane(in), least_lane(next)};
}

/* A value that more than K scores reach, and few others: the one after the K-th largest of the maxima of groups. */
ALF_INLINE int64_t reached_by(const int64_t *score, int32_t experts, int32_t groups, int32_t topk)
{
  int64_t highest[MANY_GROUPS];
  for (int32_t g = 0; g < groups; g += LANES) {
    vec column = g < experts ? load(score + g) : all(INT64_MIN);
    for (int32_t k = g + groups; k < experts; k += groups)
      column = most(column, load(score + k));
    store(highest + g, column);
  }
  return cut_values(highest, groups, topk).first_out;
}

/* Bit j: score[j] >= limit, of a word's worth of scores or what is left of them. */
ALF_INLINE uint64_t reaching(const int64_t *score, int32_t count, int64_t limit)
{
  uint64_t word = 0;
  for (int32_t j = 0; j < WORD && j < count; j += LANES)
    word |= (uint64_t)(bits(greater(all(limit), load(score + j))) ^ EVERY_LANE) << j;
  return word;
}

/* False when more cells than there are groups are candidates. */
ALF_INLINE bool cut_candidates(const int64_t *score, int32_t experts, int32_t groups, int32_t topk, alf_cut *cut)
{
  int64_t value[MANY_GROUPS], bound = reached_by(score, experts, groups, topk);
  int32_t n = 0;
  for (int32_t k = 0; k < experts; k += WORD) {
    uint64_t word = reaching(score + k, experts - k, bound);
    if (n + __builtin_popcountll(word) > groups)
      return false;
    for (; word; word &= word - 1)
      value[n++] = score[k + __builtin_ctzll(word)];
  }
  for (; n < groups; n++)
    value[n] = INT64_MIN;
  *cut = cut_values(value, groups, topk);
  return true;
}

ALF_INLINE bool find_cut(const int64_t *score, int32_t experts, int32_t topk, alf_cut *cut)
{
  return (topk <= FEW_TOPK && cut_candidates(score, experts, FEW_GROUPS, topk, cut)) ||
         (topk <= ALF_SCAN_MOST_TOPK && cut_candidates(score, experts, MANY_GROUPS, topk, cut));
}

/* Adds up the scores, and does all the rest on the way as if exactly K of them exceeded the guess; false when they do
   not. */
ALF_INLINE bool try_guess(alf_scan *s, const int64_t *affinity, int64_t guess, int32_t experts)
{
  vec limit = all(guess), in = all(INT64_MAX), out = all(INT64_MIN), low = in, high = out;
  int32_t n = 0;
  for (int32_t k = 0; k < experts; k += WORD) {
    uint64_t chosen = 0;
    for (int32_t j = k; j < k + WORD && j < experts; j += LANES) {
      vec score = add(load(affinity + j), load(s->price + j));
      mask is_in = greater(score, limit);
      store(s->score + j, score);
      in = least(in, where(is_in, score, all(INT64_MAX)));
      out = most(out, where(is_in, all(INT64_MIN), score));
      low = least(low, where(is_in, sub(score, load(s->down + j)), all(INT64_MAX)));
      high = most(high, where(is_in, all(INT64_MIN), add(score, load(s->up + j))));
      chosen |= (uint64_t)bits(is_in) << (j - k);
    }
    s->chosen[k / WORD] = chosen;
    n += __builtin_popcountll(chosen);
  }
  s->cut = (alf_cut){least_lane(in), most_lane(out)};
  s->lowest_chosen = least_lane(low);
  s->highest_other = most_lane(high);
  return n == s->topk;
}

/* Cells that tie with the last one in count as others here; alf_scan_token mends that. */
ALF_INLINE void mark_chosen(alf_scan *s, int32_t experts)
{
  vec first_out = all(s->cut.first_out), low = all(INT64_MAX), high = all(INT64_MIN);
  for (int32_t k = 0; k < experts; k += WORD) {
    uint64_t chosen = 0;
    for (int32_t j = k; j < k + WORD && j < experts; j += LANES) {
      vec score = load(s->score + j);
      mask is_in = greater(score, first_out);
      low = least(low, where(is_in, sub(score, load(s->down + j)), all(INT64_MAX)));
      high = most(high, where(is_in, all(INT64_MIN), add(score, load(s->up + j))));
      chosen |= (uint64_t)bits(is_in) << (j - k);
    }
    s->chosen[k / WORD] = chosen;
  }
  s->lowest_chosen = least_lane(low);
  s->highest_other = most_lane(high);
}

ALF_INLINE void look_at(alf_scan *s, const int64_t *affinity, int64_t guess, int32_t padded)
{
  if (guess != ALF_SCAN_NO_GUESS && try_guess(s, affinity, guess, padded))
    return;
  for (int32_t k = 0; k < padded && guess == ALF_SCAN_NO_GUESS; k += LANES)
    store(s->score + k, add(load(affinity + k), load(s->price + k)));
  if (!find_cut(s->score, padded, s->topk, &s->cut))
    s->cut = alf_cut_by_insertion(s->score, s->experts, s->topk);
  mark_chosen(s, padded);
}

/* The commonest number of experts has loops of its own. */
static void token(alf_scan *s, const int64_t *affinity, int64_t guess)
{
  if (s->padded == WORD)
    look_at(s, affinity, guess, WORD);
  else
    look_at(s, affinity, guess, s->padded);
}

static void within(alf_scan *s, int64_t highest, int64_t lowest)
{
  vec first_out = all(s->cut.first_out), upper = all(highest), lower = all(lowest);
  for (int32_t k = 0; k < s->padded; k += WORD) {
    uint64_t outside = 0, there = 0;
    for (int32_t j = k; j < k + WORD && j < s->padded; j += LANES) {
      vec score = load(s->score + j);
      mask is_in = greater(score, first_out);
      vec low = where(is_in, sub(score, load(s->down + j)), lower);
      vec high = where(is_in, upper, add(score, load(s->up + j)));
      outside |= (uint64_t)bits(greater(low, high)) << (j - k);
      there |= (uint64_t)EVERY_LANE << (j - k);
    }
    s->within[k / WORD] = ~outside & there;
  }
}

static int32_t find(const alf_scan *s, int64_t score, bool is_chosen)
{
  for (int32_t w = 0; w < s->words; w++) {
    const int64_t *first = s->score + w * WORD;
    int32_t count = s->padded - w * WORD;
    uint64_t equal = reaching(first, count, score) & ~reaching(first, count, score + 1);
    equal &= is_chosen ? s->chosen[w] : ~s->chosen[w];
    if (equal)
      return w * WORD + __builtin_ctzll(equal);
  }
  return -1;
}

static bool cut(const int64_t *score, int32_t experts, int32_t topk, alf_cut *out)
{
  return experts == WORD ? find_cut(score, WORD, topk, out) : find_cut(score, experts, topk, out);
}
