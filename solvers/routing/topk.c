#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"
#include "routing/scan.h"

int64_t alf_score_key(double score)
{
  double positive_zero = score + 0.0; /* -0 and +0 tie */
  int64_t bits;
  memcpy(&bits, &positive_zero, sizeof bits);
  return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

/* Puts a score into held[0..n−1], largest first. */
static void insert(int64_t score, int64_t *held, int32_t n)
{
  int32_t j = n - 1;
  for (; j > 0 && held[j - 1] < score; j--)
    held[j] = held[j - 1];
  held[j] = score;
}

alf_cut alf_cut_by_insertion(const int64_t *score, int32_t experts, int32_t topk)
{
  int64_t held[ALF_MAX_EXPERTS], first_out = INT64_MIN;
  for (int32_t k = 0; k < topk; k++)
    insert(score[k], held, k + 1);
  for (int32_t k = topk; k < experts; k++) {
    int64_t last_in = held[topk - 1], out = score[k] <= last_in ? score[k] : last_in;
    first_out = out > first_out ? out : first_out;
    if (score[k] > last_in)
      insert(score[k], held, topk);
  }
  return (alf_cut){held[topk - 1], first_out};
}

static alf_cut find_cut(const int64_t *score, int32_t experts, int32_t topk)
{
  int64_t row[ALF_MAX_EXPERTS];
  int32_t padded = (int32_t)alf_scan_padded(experts);
  alf_cut cut;
  if (padded > experts) {
    memcpy(row, score, (size_t)experts * sizeof *row);
    for (int32_t k = experts; k < padded; k++)
      row[k] = INT64_MIN;
  }
  bool is_cut = alf_scan_fastest()->cut(padded > experts ? row : score, padded, topk, &cut);
  return is_cut ? cut : alf_cut_by_insertion(score, experts, topk);
}

void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen)
{
  alf_cut cut = find_cut(score, experts, topk);
  int32_t greater = 0, held = 0;
  for (int32_t k = 0; k < experts; k++)
    greater += score[k] > cut.last_in;
  for (int32_t k = 0; k < experts && held < topk; k++) {
    chosen[held] = (alf_expert)k;
    bool ties = score[k] == cut.last_in && greater < topk;
    held += score[k] > cut.last_in || ties;
    greater += ties;
  }
}
