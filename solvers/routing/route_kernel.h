/* The kernels of route_pass.h for one instruction set and one element type. Before inclusion define
     TYPE   f32, f64 or i64: suffix of the functions
     NUM    its numbers
     LOWEST below all scores, HIGHEST above them
     KEY    a score as an integer of the same order
     MIDDLE of two scores
   and the vectors' functions load, store, all, add, sub, most, least (lane by lane), above (bit j: lane j of a is
   greater than that of b), keep (lane j of v where bit j is set, else of w), top_lane and low_lane, each with the suffix,
   and their type vec_ and number lanes_. */
#define JOIN_(a, b)  a##_##b
#define JOIN(a, b)   JOIN_(a, b)
#define FN(name)     JOIN(name, TYPE)
#define VEC          FN(vec)
#define LANES        FN(lanes)
#define ROW(pass, i) ((const NUM *)(pass)->affinity + (i) * (pass)->experts)
#define LANE_BITS    ((UINT64_C(1) << LANES) - 1)
/* Up to so many experts too many or too few a guess is mended one by one; else it costs less to select anew. */
#define FEW          (LANES == 1 ? 2 : LANES == 4 ? 6 : 10)

/* Marks the scores above the guess; false when they are not K. */
ALF_INLINE bool FN(meets)(const alf_route_pass *p, const NUM *row, NUM guess, int32_t padded, uint64_t *chosen)
{
  const NUM *shift = p->shift;
  VEC limit = FN(all)(guess);
  int32_t n = 0;
  for (int32_t k = 0; k < padded; k += WORD) {
    uint64_t word = 0;
    for (int32_t j = k; j < k + WORD && j < padded; j += LANES)
      word |= (uint64_t)FN(above)(FN(add)(FN(load)(row + j), FN(load)(shift + j)), limit) << (j - k);
    chosen[k / WORD] = word;
    n += __builtin_popcountll(word);
  }
  return n == p->topk;
}

/* The largest score that is not chosen. */
ALF_INLINE NUM FN(best_left)(const NUM *score, int32_t padded, const uint64_t *chosen)
{
  VEC best = FN(all)(LOWEST);
  for (int32_t k = 0; k < padded; k += LANES) {
    uint64_t held = chosen[k / WORD] >> (k % WORD) & LANE_BITS;
    best = FN(most)(best, FN(keep)(held, FN(all)(LOWEST), FN(load)(score + k)));
  }
  return FN(top_lane)(best);
}

/* The smallest score that is chosen. */
ALF_INLINE NUM FN(worst_held)(const NUM *score, int32_t padded, const uint64_t *chosen)
{
  VEC worst = FN(all)(HIGHEST);
  for (int32_t k = 0; k < padded; k += LANES) {
    uint64_t held = chosen[k / WORD] >> (k % WORD) & LANE_BITS;
    worst = FN(least)(worst, FN(keep)(held, FN(load)(score + k), FN(all)(HIGHEST)));
  }
  return FN(low_lane)(worst);
}

/* Chooses the best of the others, the first of equal ones. */
ALF_INLINE void FN(take_one)(const NUM *score, int32_t padded, NUM best, uint64_t *chosen)
{
  for (int32_t k = 0; k < padded; k += WORD) {
    uint64_t below = 0;
    for (int32_t j = k; j < k + WORD && j < padded; j += LANES)
      below |= (uint64_t)FN(above)(FN(all)(best), FN(load)(score + j)) << (j - k);
    uint64_t at = ~below & ~chosen[k / WORD];
    if (at) {
      chosen[k / WORD] |= at & -at;
      return;
    }
  }
}

/* Leaves out the worst of those chosen, the last of equal ones. */
ALF_INLINE void FN(drop_one)(const NUM *score, int32_t padded, NUM worst, uint64_t *chosen)
{
  for (int32_t k = (padded - 1) / WORD * WORD; k >= 0; k -= WORD) {
    uint64_t over = 0;
    for (int32_t j = k; j < k + WORD && j < padded; j += LANES)
      over |= (uint64_t)FN(above)(FN(load)(score + j), FN(all)(worst)) << (j - k);
    uint64_t at = ~over & chosen[k / WORD];
    if (at) {
      chosen[k / WORD] ^= UINT64_C(1) << (WORD - 1 - __builtin_clzll(at));
      return;
    }
  }
}

static void FN(select)(const alf_route_pass *p, uint64_t *chosen)
{
  const NUM *score = p->score;
  for (int32_t k = 0; k < p->experts; k++)
    p->key[k] = KEY(score[k]);
  alf_topk_row(p->key, p->experts, p->topk, p->picked);
  alf_set_selection(chosen, p->experts, p->picked, p->topk);
}

/* Makes what a guess marked the Top-K, and the guess a better one: between the last score in and the first out. */
ALF_INLINE void FN(mend)(alf_route_pass *p, const NUM *row, int64_t i, int32_t padded)
{
  uint64_t *chosen = p->chosen + i * p->words;
  const NUM *shift = p->shift;
  NUM *score = p->score, in, out;
  int32_t excess = -p->topk;
  for (int32_t k = 0; k < padded; k += LANES)
    FN(store)(score + k, FN(add)(FN(load)(row + k), FN(load)(shift + k)));
  for (int32_t w = 0; w < p->words; w++)
    excess += __builtin_popcountll(chosen[w]);
  if (excess > FEW || excess < -FEW) {
    FN(select)(p, chosen);
    excess = 0;
  }
  out = excess > 0 ? LOWEST : FN(best_left)(score, padded, chosen);
  in = excess < 0 ? HIGHEST : FN(worst_held)(score, padded, chosen);
  for (; excess > 0; excess--) {
    out = in;
    FN(drop_one)(score, padded, out, chosen);
    in = FN(worst_held)(score, padded, chosen);
  }
  for (; excess < 0; excess++) {
    in = out;
    FN(take_one)(score, padded, in, chosen);
    out = FN(best_left)(score, padded, chosen);
  }
  p->threshold[i] = (float)((double)MIDDLE(out, in) - p->common);
}

static __attribute__((noinline)) void FN(mend_64)(alf_route_pass *p, const NUM *row, int64_t i)
{
  FN(mend)(p, row, i, 64);
}

static __attribute__((noinline)) void FN(mend_any)(alf_route_pass *p, const NUM *row, int64_t i)
{
  FN(mend)(p, row, i, p->padded);
}

/* How far the token is from another selection: K-th less K+1-th score. */
ALF_INLINE uint16_t FN(bucket)(alf_route_pass *p, const NUM *row, const uint64_t *chosen)
{
  const NUM *shift = p->shift;
  VEC in = FN(all)(HIGHEST), out = FN(all)(LOWEST), top = FN(all)(0), bottom = FN(all)(0);
  for (int32_t k = 0; k < p->padded; k += LANES) {
    VEC score = FN(add)(FN(load)(row + k), FN(load)(shift + k));
    uint64_t held = chosen[k / WORD] >> (k % WORD) & LANE_BITS;
    in = FN(least)(in, FN(keep)(held, score, FN(all)(HIGHEST)));
    out = FN(most)(out, FN(keep)(held, FN(all)(LOWEST), score));
    top = FN(most)(top, score);
    bottom = FN(least)(bottom, FN(keep)(held, score, bottom));
  }
  NUM last_in = FN(low_lane)(in), first_out = FN(top_lane)(out), highest = FN(top_lane)(top),
      lowest = FN(low_lane)(bottom);
  p->largest = (double)highest > p->largest ? (double)highest : p->largest;
  p->largest = -(double)lowest > p->largest ? -(double)lowest : p->largest;
  p->largest = -(double)first_out > p->largest ? -(double)first_out : p->largest;
  return alf_route_bucket((float)(last_in - first_out));
}

ALF_INLINE NUM FN(guess)(const alf_route_pass *p, int64_t i)
{
  return (NUM)((double)p->threshold[i] + p->common);
}

ALF_INLINE void FN(token)(alf_route_pass *p, int64_t i, int32_t padded, bool whole)
{
  const NUM *row = ROW(p, i);
  uint64_t *chosen = p->chosen + i * p->words;
  if (!whole)
    row = memcpy(p->row, row, (size_t)p->experts * sizeof *row);
  bool met = FN(meets)(p, row, FN(guess)(p, i), padded, chosen);
  if (!met && padded == 64)
    FN(mend_64)(p, row, i);
  else if (!met)
    FN(mend_any)(p, row, i);
  if (p->bucket)
    p->bucket[i] = FN(bucket)(p, row, chosen);
}

/* The commonest numbers of experts have loops of their own. */
static void FN(route)(alf_route_pass *p, int64_t first, int64_t tokens)
{
  for (int64_t end = first + tokens; first < end; first += BLOCK) {
    int64_t stop = first + BLOCK < end ? first + BLOCK : end;
    if (p->experts == 64)
      for (int64_t i = first; i < stop; i++)
        FN(token)(p, i, 64, true);
    else if (p->experts == 256)
      for (int64_t i = first; i < stop; i++)
        FN(token)(p, i, 256, true);
    else
      for (int64_t i = first; i < stop; i++)
        FN(token)(p, i, p->padded, p->padded == p->experts);
    count_block(p->chosen + first * p->words, stop - first, p->words, p->load);
  }
}

static void FN(touch)(alf_route_pass *p, const uint32_t *token, int64_t count)
{
  for (int64_t j = 0; j < count; j++) {
    int64_t i = token[j];
    const char *ahead = (const char *)ROW(p, token[j + AHEAD < count ? j + AHEAD : j]);
    for (size_t at = 0; at < (size_t)p->experts * sizeof(NUM) && at < FETCH; at += LINE)
      __builtin_prefetch(ahead + at);
    if (p->experts == 64)
      FN(token)(p, i, 64, true);
    else
      FN(token)(p, i, p->padded, p->padded == p->experts);
    count_changes(p, i);
  }
}

#undef JOIN_
#undef JOIN
#undef FN
#undef VEC
#undef LANES
#undef ROW
#undef LANE_BITS
#undef FEW
#undef TYPE
#undef NUM
#undef LOWEST
#undef HIGHEST
#undef KEY
#undef MIDDLE
