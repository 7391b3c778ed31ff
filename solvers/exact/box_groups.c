#include "exact/box_groups.h"

#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/box_parts.h"

/* Rows by what is left of them on the coarse grid: an open hash table of box tokens. */
typedef struct table {
  const alf_affinity *batch;
  int grain;
  int64_t slots; /* a power of 2, at least twice the tokens */
  int32_t *slot; /* index of a box token; −1: free */
} table;

ALF_HOT static uint64_t hash_row(const int64_t *row, int32_t experts, int grain)
{
  uint64_t hash = 0;
  for (int32_t k = 0; k < experts; k++)
    hash += (uint64_t)((row[k] >> grain) + k) *
            (UINT64_C(0x9e3779b97f4a7c15) + 2 * (uint64_t)k * UINT64_C(0xbf58476d1ce4e5b9));
  return hash ^ hash >> 32;
}

ALF_HOT static bool is_alike(const int64_t *a, const int64_t *b, int32_t experts, int grain)
{
  int64_t differs = 0;
  for (int32_t k = 0; k < experts; k++)
    differs |= (a[k] >> grain) ^ (b[k] >> grain);
  return !differs;
}

/* The box token whose row is like row i, or the free slot where it would be. */
static int32_t *find_slot(const table *t, const alf_box *box, int64_t i)
{
  int32_t experts = t->batch->experts;
  const int64_t *row = alf_affinity_row(t->batch, i);
  uint64_t at = hash_row(row, experts, t->grain) & (uint64_t)(t->slots - 1);
  while (t->slot[at] >= 0 &&
         !is_alike(row, alf_affinity_row(t->batch, box->token[t->slot[at]].token), experts, t->grain))
    at = (at + 1) & (uint64_t)(t->slots - 1);
  return &t->slot[at];
}

/* A token of all cells, for row i and those like it. */
static alf_status add_group(alf_box *box, int64_t i, alf_error *err)
{
  int32_t experts = box->problem->batch->experts;
  const int64_t *row = alf_affinity_row(box->problem->batch, i);
  alf_status status = alf_box_reserve(box, err);
  if (status)
    return status;
  box->token[box->tokens] = (alf_box_token){i, box->cells, experts, box->problem->topk, 0};
  for (int32_t k = 0; k < experts; k++) {
    box->is_in[box->cells] = k < box->problem->topk;
    box->cell[box->cells++] =
        (alf_box_cell){row[k] * (INT64_C(1) << box->noise_bits), (int32_t)box->tokens, (alf_expert)k};
  }
  box->tokens++;
  return ALF_OK;
}

static alf_status group(alf_box *box, table *t, int64_t most, alf_error *err)
{
  alf_status status = ALF_OK;
  box->tokens = box->cells = box->sampled = 0;
  memset(box->settled, 0, (size_t)box->problem->batch->experts * sizeof *box->settled);
  for (int64_t i = 0; i < t->batch->tokens && !status; i++, box->sampled++) {
    int32_t *slot = find_slot(t, box, i);
    if (*slot < 0 && box->tokens == most) {
      box->tokens = box->cells = 0;
      return ALF_OK;
    }
    if (*slot < 0) {
      *slot = (int32_t)box->tokens;
      status = add_group(box, i, err);
    }
    if (!status)
      box->token[*slot].copies++;
  }
  return status;
}

alf_status alf_box_group(alf_box *box, int grain, int64_t most, alf_error *err)
{
  memcpy(box->centre, box->price, (size_t)box->problem->batch->experts * sizeof *box->price);
  table t = {.batch = box->problem->batch, .grain = grain, .slots = 64};
  while (t.slots < 2 * most)
    t.slots *= 2;
  t.slot = malloc((size_t)t.slots * sizeof *t.slot);
  if (!t.slot)
    return alf_fail_memory(err, (size_t)t.slots * sizeof *t.slot);
  memset(t.slot, 0xff, (size_t)t.slots * sizeof *t.slot);
  alf_status status = group(box, &t, most, err);
  free(t.slot);
  if (!status && box->tokens)
    status = alf_box_add_virtual_token(box, err);
  return status || !box->tokens ? status : alf_box_order_cells(box, err);
}
