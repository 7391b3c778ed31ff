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
#define LEFT_OUT(w)  (~(w))
#define LANE_BITS    ((UINT64_C(1) << LANES) - 1)

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
static NUM FN(best_left)(const alf_route_pass *p, const uint64_t *chosen)
{
  const NUM *score = p->score;
  VEC best = FN(all)(LOWEST);
  for (int32_t k = 0; k < p->padded; k += LANES) {
    uint64_t left = LEFT_OUT(chosen[k / WORD]) >> (k % WORD) & LANE_BITS;
    best = FN(most)(best, FN(keep)(left, FN(load)(score + k), FN(all)(LOWEST)));
  }
  return FN(top_lane)(best);
}

/* The smallest score that is chosen; of equal ones *at is the last. */
static NUM FN(worst_held)(const alf_route_pass *p, const uint64_t *chosen, int32_t *at)
{
  const NUM *score = p->score;
  NUM worst = HIGHEST;
  for (int32_t w = 0; w < p->words; w++)
    for (uint64_t bits = chosen[w]; bits; bits &= bits - 1) {
      int32_t k = w * WORD + __builtin_ctzll(bits);
      *at = score[k] <= worst ? k : *at;
      worst = score[k] <= worst ? score[k] : worst;
    }
  return worst;
}

/* Takes the best of the others, the first of equal ones. */
static void FN(take_one)(const alf_route_pass *p, uint64_t *chosen)
{
  const NUM *score = p->score;
  VEC best = FN(all)(FN(best_left)(p, chosen));
  for (int32_t k = 0; k < p->padded; k += LANES) {
    uint64_t at = FN(above)(best, FN(load)(score + k)) ^ LANE_BITS;
    at &= LEFT_OUT(chosen[k / WORD]) >> (k % WORD);
    if (at) {
      chosen[k / WORD] |= (at & -at) << (k % WORD);
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

/* Makes what a guess marked the Top-K, and the guess a better one. */
static __attribute__((noinline)) void FN(mend)(alf_route_pass *p, const NUM *row, int64_t i)
{
  uint64_t *chosen = p->chosen + i * p->words;
  const NUM *shift = p->shift;
  NUM *score = p->score;
  int32_t excess = -p->topk, at = 0;
  for (int32_t k = 0; k < p->padded; k += LANES)
    FN(store)(score + k, FN(add)(FN(load)(row + k), FN(load)(shift + k)));
  for (int32_t w = 0; w < p->words; w++)
    excess += __builtin_popcountll(chosen[w]);
  if (excess > FEW || excess < -FEW)
    FN(select)(p, chosen);
  for (; excess > 0 && excess <= FEW; excess--) {
    FN(worst_held)(p, chosen, &at);
    chosen[at / WORD] &= ~(UINT64_C(1) << (at % WORD));
  }
  for (; excess < 0 && excess >= -FEW; excess++)
    FN(take_one)(p, chosen);
  NUM middle = MIDDLE(FN(best_left)(p, chosen), FN(worst_held)(p, chosen, &at));
  p->threshold[i] = (float)((double)middle - p->common);
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
  if (!FN(meets)(p, row, FN(guess)(p, i), padded, chosen))
    FN(mend)(p, row, i);
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
#undef LEFT_OUT
#undef LANE_BITS
#undef TYPE
#undef NUM
#undef LOWEST
#undef HIGHEST
#undef KEY
#undef MIDDLE
