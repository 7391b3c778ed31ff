#include "routing/scan.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
extern const alf_scan_kernel alf_scan_avx512, alf_scan_avx2;
#endif
extern const alf_scan_kernel alf_scan_plain;

const alf_scan_kernel *const alf_scan_kernels[] = {
#if defined(__x86_64__)
    &alf_scan_avx512, &alf_scan_avx2,
#endif
    &alf_scan_plain, NULL};

const alf_scan_kernel *alf_scan_fastest(void)
{
  const alf_scan_kernel *const *kernel = alf_scan_kernels;
  while (!(*kernel)->runs_here())
    kernel++;
  return *kernel;
}

alf_status alf_scan_alloc(alf_scan *scan, int32_t experts, int32_t topk, alf_error *err)
{
  size_t padded = alf_scan_padded(experts), words = (padded + 63) / 64,
         bytes = (5 * padded + 2 * words) * sizeof(int64_t);
  int64_t *block = calloc(1, bytes);
  *scan = (alf_scan){.kernel = alf_scan_fastest(), .experts = experts, .topk = topk, .block = block};
  if (!block)
    return alf_fail_memory(err, bytes);
  scan->padded = (int32_t)padded;
  scan->words = (int32_t)words;
  scan->price = block;
  scan->down = block + padded;
  scan->up = block + 2 * padded;
  scan->score = block + 3 * padded;
  scan->row = block + 4 * padded;
  scan->chosen = (uint64_t *)(block + 5 * padded);
  scan->within = scan->chosen + words;
  for (size_t k = (size_t)experts; k < padded; k++)
    scan->row[k] = ALF_SCAN_PAD;
  return ALF_OK;
}

void alf_scan_free(alf_scan *scan)
{
  free(scan->block);
  *scan = (alf_scan){0};
}

/* The kernels chose what lies above the cut: of the cells that tie with the last one in, the first are in as well. */
static void choose_among_ties(alf_scan *scan)
{
  int32_t held = 0;
  for (int32_t w = 0; w < scan->words; w++)
    held += __builtin_popcountll(scan->chosen[w]);
  for (int32_t k = 0; k < scan->experts && held < scan->topk; k++) {
    if (scan->score[k] != scan->cut.last_in)
      continue;
    int64_t low = scan->score[k] - scan->down[k];
    scan->lowest_chosen = low < scan->lowest_chosen ? low : scan->lowest_chosen;
    scan->chosen[k / 64] |= UINT64_C(1) << (k % 64);
    held++;
  }
}

void alf_scan_token(alf_scan *scan, const int64_t *affinity, int64_t guess)
{
  if (scan->padded > scan->experts)
    affinity = memcpy(scan->row, affinity, (size_t)scan->experts * sizeof *scan->row);
  scan->kernel->token(scan, affinity, guess);
  if (scan->cut.last_in == scan->cut.first_out)
    choose_among_ties(scan);
}

void alf_scan_within(alf_scan *scan, int64_t highest, int64_t lowest)
{
  scan->kernel->within(scan, highest, lowest);
}

int32_t alf_scan_find(const alf_scan *scan, int64_t score, bool is_chosen)
{
  return scan->kernel->find(scan, score, is_chosen);
}
