#include <string.h>

#include "alf/routing.h"

void alf_set_selection(uint64_t *row, int32_t experts, const alf_expert *chosen, int32_t topk)
{
  memset(row, 0, (size_t)alf_selection_words(experts) * sizeof *row);
  for (int32_t j = 0; j < topk; j++)
    row[chosen[j] / 64] |= (uint64_t)1 << (chosen[j] % 64);
}

void alf_count_loads(const uint64_t *chosen, int64_t tokens, int32_t experts, int64_t *load)
{
  int32_t words = alf_selection_words(experts);
  for (int64_t w = 0; w < tokens * words; w++)
    for (uint64_t bits = chosen[w]; bits; bits &= bits - 1)
      load[w % words * 64 + __builtin_ctzll(bits)]++;
}
