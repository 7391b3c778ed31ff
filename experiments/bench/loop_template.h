/* The plain loops (loop.h) for one type of affinities. Before inclusion define
     TYPE   suffix of the functions
     NUM    its numbers
     LOWEST below all scores
     MOVED  a shift after a step in affinity units */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define FN(name)    JOIN(name, TYPE)

static void FN(move)(alf_bench_loop *loop, int32_t k, double delta)
{
  NUM *shift = loop->shift;
  shift[k] = MOVED(shift[k], delta);
}

static void FN(take)(const alf_bench_loop *loop, int64_t i, int32_t k)
{
  loop->chosen[i * loop->words + k / 64] |= UINT64_C(1) << (k % 64);
  loop->load[k]++;
}

static void FN(maxima)(const alf_bench_loop *loop, int64_t i)
{
  NUM *score = loop->score;
  for (int32_t j = 0; j < loop->steps.topk; j++) {
    int32_t best = 0;
    for (int32_t k = 1; k < loop->batch->experts; k++)
      if (score[k] > score[best])
        best = k;
    score[best] = LOWEST;
    FN(take)(loop, i, best);
  }
}

static void FN(insertion)(const alf_bench_loop *loop, int64_t i)
{
  const NUM *score = loop->score;
  NUM *top = loop->top;
  int32_t *at = loop->at, topk = loop->steps.topk, held = 0;
  for (int32_t k = 0; k < loop->batch->experts; k++) {
    if (held == topk && !(score[k] > top[topk - 1]))
      continue;
    int32_t j = held < topk ? held++ : topk - 1;
    for (; j > 0 && score[k] > top[j - 1]; j--) {
      top[j] = top[j - 1];
      at[j] = at[j - 1];
    }
    top[j] = score[k];
    at[j] = k;
  }
  for (int32_t j = 0; j < topk; j++)
    FN(take)(loop, i, at[j]);
}

static void FN(route)(alf_bench_loop *loop)
{
  int32_t experts = loop->batch->experts;
  const NUM *row = loop->batch->values, *shift = loop->shift;
  NUM *score = loop->score;
  for (int64_t i = 0; i < loop->batch->tokens; i++, row += experts) {
    for (int32_t k = 0; k < experts; k++)
      score[k] = row[k] + shift[k];
    if (loop->select == ALF_BENCH_MAXIMA)
      FN(maxima)(loop, i);
    else
      FN(insertion)(loop, i);
  }
}

#undef JOIN_
#undef JOIN
#undef FN
#undef TYPE
#undef NUM
#undef LOWEST
#undef MOVED
