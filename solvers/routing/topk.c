#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"
#include "routing/cut.h"

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

static alf_cut select_by_insertion(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  alf_cut cut = {.first_out = INT64_MIN};
  for (int32_t k = 0; k < topk; k++)
    insert(score, k, chosen, k + 1);
  cut.last_in = score[chosen[topk - 1]];
  for (int32_t k = topk; k < experts; k++) {
    int64_t out = score[k] <= cut.last_in ? score[k] : cut.last_in;
    cut.first_out = out > cut.first_out ? out : cut.first_out;
    if (score[k] <= cut.last_in)
      continue;
    insert(score, k, chosen, topk);
    cut.last_in = score[chosen[topk - 1]];
  }
  for (int32_t j = 2; j <= topk; j++)
    sift_last(chosen, j);
  return cut;
}

/* The topk-th largest of `lanes` values and the next one; lanes is a constant, so that the loops become vector
   instructions. */
static inline alf_cut cut_values(const int64_t *value, int lanes, int32_t topk)
{
  int64_t ahead[CANDIDATES] = {0};
  alf_cut cut = {INT64_MAX, INT64_MAX};
  for (int rival = 0; rival < lanes; rival++)
    for (int c = 0; c < lanes; c++)
      ahead[c] += value[rival] > value[c];
  for (int c = 0; c < lanes; c++) {
    int64_t in = ahead[c] < topk ? value[c] : INT64_MAX, next = ahead[c] <= topk ? value[c] : INT64_MAX;
    cut.last_in = in < cut.last_in ? in : cut.last_in;
    cut.first_out = next < cut.first_out ? next : cut.first_out;
  }
  return cut;
}

/* A value that more than topk scores reach, and few others: the one after the topk-th largest of the maxima of GROUPS
   groups. */
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
  return cut_values(most, GROUPS, topk).first_out;
}

/* Without branches that depend on the scores: they would be mispredicted. False when ties leave too many candidates. */
ALF_HOT static bool select_by_rank(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen,
                                   alf_cut *cut)
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
  *cut = n <= GROUPS ? cut_values(value, GROUPS, topk) : cut_values(value, CANDIDATES, topk);
  for (int32_t c = 0; c < n; c++)
    greater += value[c] > cut->last_in;
  for (int32_t c = 0; c < n && held < topk; c++) {
    chosen[held] = candidate[c];
    bool ties = value[c] == cut->last_in && greater < topk;
    held += value[c] > cut->last_in || ties;
    greater += ties;
  }
  return true;
}

alf_cut alf_topk_cut(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  alf_cut cut;
  bool pays = experts >= 2 * GROUPS && topk <= GROUPS - 4;
  if (!pays || !select_by_rank(score, experts, topk, chosen, &cut))
    cut = select_by_insertion(score, experts, topk, chosen);
  return cut;
}

void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  alf_topk_cut(score, experts, topk, chosen);
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
