#include "alf/routing.h"

/* Puts value into the ascending array of n integers, which grows by one. */
static void insert_ascending(int64_t *largest, int32_t n, int64_t value)
{
  int32_t j = n;
  for (; j > 0 && largest[j - 1] > value; j--)
    largest[j] = largest[j - 1];
  largest[j] = value;
}

/* Drops the smallest of n ascending integers for value. */
static void replace_smallest(int64_t *largest, int32_t n, int64_t value)
{
  int32_t j = 0;
  for (; j + 1 < n && largest[j + 1] < value; j++)
    largest[j] = largest[j + 1];
  largest[j] = value;
}

/* Sum of the K largest of affinity + shift. Written apart from alf_topk_row, so that a check against it means
   something: it keeps values, not indices. `largest` has room for K values. */
static alf_int128 sum_of_largest(const int64_t *affinity, const int64_t *shift, int32_t experts, int32_t topk,
                                 int64_t *largest)
{
  for (int32_t k = 0; k < experts; k++) {
    int64_t value = affinity[k] + shift[k];
    if (k < topk)
      insert_ascending(largest, k, value);
    else if (value > largest[0])
      replace_smallest(largest, topk, value);
  }
  alf_int128 sum = 0;
  for (int32_t j = 0; j < topk; j++)
    sum += largest[j];
  return sum;
}

alf_int128 alf_dual_value(const alf_affinity *batch, int32_t topk, const int64_t *shift)
{
  int64_t largest[ALF_MAX_EXPERTS];
  alf_int128 sum = 0, prices = 0;
  for (int64_t i = 0; i < batch->tokens; i++)
    sum += sum_of_largest(alf_affinity_row(batch, i), shift, batch->experts, topk, largest);
  for (int32_t k = 0; k < batch->experts; k++)
    prices += shift[k];
  return sum * batch->experts - prices * topk * batch->tokens;
}

alf_int128 alf_lagrangian(const alf_affinity *batch, int32_t topk, const uint64_t *chosen, const int64_t *shift)
{
  int64_t load[ALF_MAX_EXPERTS] = {0};
  alf_int128 sum = 0;
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    const uint64_t *row = chosen + i * words;
    int64_t token = 0; /* at most 4096 terms below 2^41 */
    for (int32_t k = alf_next_expert(row, experts, 0); k < experts; k = alf_next_expert(row, experts, k + 1))
      token += affinity[k];
    sum += token;
  }
  alf_count_loads(chosen, batch->tokens, experts, load);
  sum *= batch->experts;
  for (int32_t k = 0; k < batch->experts; k++)
    sum += (alf_int128)shift[k] * (batch->experts * load[k] - topk * batch->tokens);
  return sum;
}
