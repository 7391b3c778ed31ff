#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"

int64_t alf_score_key(double score)
{
  double positive_zero = score + 0.0; /* -0 and +0 tie */
  int64_t bits;
  memcpy(&bits, &positive_zero, sizeof bits);
  return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

/* Moves the last of n experts down to its place in ascending order. */
static void sift_last(alf_expert *chosen, int32_t n)
{
  alf_expert last = chosen[n - 1];
  int32_t j = n - 1;
  for (; j > 0 && chosen[j - 1] > last; j--)
    chosen[j] = chosen[j - 1];
  chosen[j] = last;
}

/* Puts expert k into chosen[0..n−1], best first; strict comparisons keep the lower index ahead on ties. */
static void insert(const int64_t *score, int32_t k, alf_expert *chosen, int32_t n)
{
  int32_t j = n - 1;
  for (; j > 0 && score[chosen[j - 1]] < score[k]; j--)
    chosen[j] = chosen[j - 1];
  chosen[j] = (alf_expert)k;
}

void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  for (int32_t k = 0; k < topk; k++)
    insert(score, k, chosen, k + 1);
  int64_t threshold = score[chosen[topk - 1]];
  for (int32_t k = topk; k < experts; k++) {
    if (score[k] <= threshold)
      continue;
    insert(score, k, chosen, topk);
    threshold = score[chosen[topk - 1]];
  }
  for (int32_t j = 2; j <= topk; j++)
    sift_last(chosen, j);
}

/* How many experts come before expert `at` in the order (score descending, index ascending). */
ALF_HOT static int64_t count_ahead(const int64_t *score, int32_t experts, int32_t at)
{
  int64_t threshold = score[at], ahead = 0;
  for (int32_t k = 0; k < at; k++)
    ahead += score[k] >= threshold;
  for (int32_t k = at + 1; k < experts; k++)
    ahead += score[k] > threshold;
  return ahead;
}

/* The guess is the Top-K exactly when its last member in the order has K − 1 experts ahead of it. */
bool alf_is_topk(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *guess)
{
  alf_expert last = guess[0];
  for (int32_t j = 1; j < topk; j++)
    if (score[guess[j]] <= score[last])
      last = guess[j];
  return count_ahead(score, experts, last) == topk - 1;
}
