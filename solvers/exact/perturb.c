#include "exact/perturb.h"

#include "core/hot.h"

/* The finaliser of splitmix64: every bit of the position reaches every bit of the result. */
ALF_INLINE uint64_t scramble(uint64_t x)
{
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

ALF_HOT void alf_add_noise(const int64_t *affinity, int64_t origin, int32_t experts, int bits, uint64_t first,
                           int64_t *fine)
{
  uint64_t levels = ((UINT64_C(1) << bits) - 1) / (uint64_t)experts + 1;
  for (int32_t k = 0; k < experts; k++)
    fine[k] =
        (affinity[k] - origin) * (INT64_C(1) << bits) + (int64_t)((scramble(first + (uint64_t)k) >> 32) * levels >> 32);
}

static int64_t middle_of_row(const int64_t *row, int32_t experts)
{
  int64_t most = row[0], least = row[0];
  for (int32_t k = 1; k < experts; k++) {
    most = row[k] > most ? row[k] : most;
    least = row[k] < least ? row[k] : least;
  }
  return least + (most - least) / 2;
}

alf_status alf_perturb(const alf_problem *problem, int bits, alf_affinity *out, alf_error *err)
{
  const alf_affinity *in = problem->batch;
  alf_affinity_free(out);
  alf_status status = alf_affinity_alloc(out, ALF_DYADIC, in->tokens, in->experts, err);
  if (status)
    return status;
  out->grid_bits = in->grid_bits + bits;
  int64_t *cell = out->storage;
  for (int64_t i = 0; i < in->tokens; i++) {
    const int64_t *row = alf_affinity_row(in, i);
    int64_t first = i * in->experts;
    alf_add_noise(row, middle_of_row(row, in->experts), in->experts, bits, (uint64_t)first, cell + first);
  }
  return ALF_OK;
}
