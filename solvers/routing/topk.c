#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"
#include "routing/cut.h"

enum { GROUPS = 16 };

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

/* Eight lanes of a vector register, or of several smaller ones; comparisons give masks. */
typedef int64_t lanes __attribute__((vector_size(64)));
#define WHERE(mask, a, b) (((a) & (mask)) | ((b) & ~(mask)))
#define LEAST(a, b)       WHERE((a) < (b), a, b)

static inline int64_t least_lane(const lanes *value)
{
  lanes v = *value;
  v = LEAST(v, __builtin_shuffle(v, (lanes){4, 5, 6, 7, 0, 1, 2, 3}));
  v = LEAST(v, __builtin_shuffle(v, (lanes){2, 3, 0, 1, 6, 7, 4, 5}));
  return v[0] < v[1] ? v[0] : v[1];
}

/* The topk-th largest of GROUPS values and the next one: those that have few others ahead of them. */
static inline alf_cut cut_values(const int64_t *value, int32_t topk)
{
  lanes first, second, ahead_first = {0}, ahead_second = {0}, most = ahead_first + INT64_MAX;
  memcpy(&first, value, sizeof first);
  memcpy(&second, value + GROUPS / 2, sizeof second);
  for (int rival = 0; rival < GROUPS; rival++) {
    ahead_first -= value[rival] > first;
    ahead_second -= value[rival] > second;
  }
  lanes in_first = WHERE(ahead_first < topk, first, most), in_second = WHERE(ahead_second < topk, second, most);
  lanes next_first = WHERE(ahead_first <= topk, first, most), next_second = WHERE(ahead_second <= topk, second, most);
  lanes in = LEAST(in_first, in_second), next = LEAST(next_first, next_second);
  return (alf_cut){least_lane(&in), least_lane(&next)};
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
  return cut_values(most, topk).first_out;
}

/* Without branches that depend on the scores: they would be mispredicted. False when there are too many candidates. */
ALF_HOT static bool select_by_rank(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen,
                                   alf_cut *cut)
{
  alf_expert candidate[ALF_MAX_EXPERTS];
  int64_t value[GROUPS], bound = reached_by(score, experts, topk);
  int32_t n = 0, greater = 0, held = 0;
  for (int32_t k = 0; k < experts; k++) {
    candidate[n] = (alf_expert)k;
    n += score[k] >= bound;
  }
  if (n > GROUPS)
    return false;
  for (int32_t c = 0; c < GROUPS; c++)
    value[c] = c < n ? score[candidate[c]] : INT64_MIN;
  *cut = cut_values(value, topk);
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
  bool pays = experts >= 2 * GROUPS && topk <= GROUPS / 2 + 1;
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
