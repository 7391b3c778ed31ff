#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"

enum { GROUPS = 16, CANDIDATES = 32 };

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

static void select_by_insertion(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
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

/* The topk-th largest of `lanes` values: a constant, so that the loops become vector instructions. */
static inline int64_t largest_but(const int64_t *value, int lanes, int32_t topk)
{
  int64_t ahead[CANDIDATES] = {0}, last = INT64_MAX;
  for (int rival = 0; rival < lanes; rival++)
    for (int c = 0; c < lanes; c++)
      ahead[c] += value[rival] > value[c];
  for (int c = 0; c < lanes; c++) {
    int64_t kept = ahead[c] < topk ? value[c] : INT64_MAX;
    last = kept < last ? kept : last;
  }
  return last;
}

/* A value that at least topk scores reach, and few others: the topk-th largest of the maxima of GROUPS groups. */
static inline int64_t reached_by(const int64_t *score, int32_t experts, int32_t topk)
{
  int64_t most[GROUPS];
  memcpy(most, score, sizeof most);
  int32_t k = GROUPS;
  for (; k + GROUPS <= experts; k += GROUPS)
    for (int g = 0; g < GROUPS; g++)
      most[g] = score[k + g] > most[g] ? score[k + g] : most[g];
  for (int g = 0; k < experts; k++, g++)
    most[g] = score[k] > most[g] ? score[k] : most[g];
  return largest_but(most, GROUPS, topk);
}

/* Without branches that depend on the scores: they would be mispredicted. False when ties leave too many candidates. */
ALF_HOT static bool select_by_rank(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  alf_expert candidate[ALF_MAX_EXPERTS];
  int64_t value[CANDIDATES], bound = reached_by(score, experts, topk);
  int32_t n = 0, greater = 0, held = 0;
  for (int32_t k = 0; k < experts; k++) {
    candidate[n] = (alf_expert)k;
    n += score[k] >= bound;
  }
  if (n > CANDIDATES)
    return false;
  for (int32_t c = 0; c < CANDIDATES; c++)
    value[c] = c < n ? score[candidate[c]] : INT64_MIN;
  int64_t last = n <= GROUPS ? largest_but(value, GROUPS, topk) : largest_but(value, CANDIDATES, topk);
  for (int32_t c = 0; c < n; c++)
    greater += value[c] > last;
  for (int32_t c = 0; c < n && held < topk; c++) {
    chosen[held] = candidate[c];
    bool ties = value[c] == last && greater < topk;
    held += value[c] > last || ties;
    greater += ties;
  }
  return true;
}

void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  bool pays = experts >= 2 * GROUPS && topk <= GROUPS - 4;
  if (!pays || !select_by_rank(score, experts, topk, chosen))
    select_by_insertion(score, experts, topk, chosen);
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
