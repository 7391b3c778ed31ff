#include "alf/cycle.h"

#include <stdlib.h>
#include <string.h>

typedef struct slot {
  uint64_t hash;
  int64_t iterate; /* −1: empty */
} slot;

struct alf_cycle {
  int32_t experts;
  int64_t next; /* number of the iterate to come */
  int64_t max_iterates;
  uint64_t mask; /* slots − 1, a power of two minus one */
  slot *table;
  size_t size;         /* of a state */
  void *candidate;     /* the state at which the proposed period was first seen to close */
  int64_t common;      /* what came with it */
  int64_t *difference; /* E − 1, for alf_cycle_observe_shift */
  int64_t proposed;    /* length of the proposed period; 0: none */
  int64_t check_at;    /* iterate at which the proposal is checked */
  bool found;
  int64_t *under_minus_over; /* since the proposal */
  alf_cycle_info info;
};

alf_status alf_cycle_alloc(alf_cycle **cycle, int32_t experts, size_t size, int64_t max_iterates, alf_error *err)
{
  if (max_iterates > ALF_CYCLE_MAX_ITERATES)
    max_iterates = ALF_CYCLE_MAX_ITERATES;
  uint64_t slots = 16;
  while (slots < 2 * ((uint64_t)max_iterates + 1))
    slots *= 2;
  alf_cycle *c = calloc(1, sizeof *c);
  *cycle = c;
  if (c) {
    c->experts = experts;
    c->max_iterates = max_iterates;
    c->mask = slots - 1;
    c->table = malloc(slots * sizeof *c->table);
    c->size = size;
    c->candidate = malloc(size);
    c->difference = malloc(alf_cycle_shift_size(experts));
    c->under_minus_over = malloc((size_t)experts * sizeof *c->under_minus_over);
  }
  if (!c || !c->table || !c->candidate || !c->difference || !c->under_minus_over) {
    alf_cycle_free(c);
    *cycle = NULL;
    return alf_fail_memory(err, slots * sizeof(slot));
  }
  for (uint64_t j = 0; j < slots; j++)
    c->table[j] = (slot){0, -1};
  return ALF_OK;
}

void alf_cycle_free(alf_cycle *cycle)
{
  if (!cycle)
    return;
  free(cycle->table);
  free(cycle->candidate);
  free(cycle->difference);
  free(cycle->under_minus_over);
  free(cycle);
}

/* Every bit of the state reaches every bit of the hash: multiply and fold, eight bytes at a time. */
static uint64_t hash_state(const void *state, size_t size)
{
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (size_t at = 0; at < size; at += sizeof hash) {
    uint64_t part = 0;
    memcpy(&part, (const char *)state + at, size - at < sizeof part ? size - at : sizeof part);
    hash ^= part;
    hash *= 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
  }
  return hash;
}

/* The earlier iterate of this hash, or −1 after entering this one. */
static int64_t look_up(alf_cycle *c, uint64_t hash)
{
  uint64_t j = hash & c->mask;
  for (; c->table[j].iterate >= 0; j = (j + 1) & c->mask)
    if (c->table[j].hash == hash)
      return c->table[j].iterate;
  c->table[j] = (slot){hash, c->next};
  return -1;
}

static void propose(alf_cycle *c, const void *state, int64_t common)
{
  int64_t earlier = look_up(c, hash_state(state, c->size));
  if (earlier < 0)
    return;
  c->proposed = c->next - earlier;
  c->check_at = c->next + c->proposed;
  memcpy(c->candidate, state, c->size);
  c->common = common;
  memset(c->under_minus_over, 0, (size_t)c->experts * sizeof *c->under_minus_over);
  c->info = (alf_cycle_info){.start = earlier, .length = c->proposed, .max_load = 0, .min_load = INT64_MAX};
}

/* Takes the loads of one iterate of the proposed period. */
static void record_loads(alf_cycle *c, const int64_t *load, int64_t slots)
{
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t scaled = c->experts * load[k];
    c->under_minus_over[k] += (scaled < slots) - (scaled > slots);
    c->info.max_load = load[k] > c->info.max_load ? load[k] : c->info.max_load;
    c->info.min_load = load[k] < c->info.min_load ? load[k] : c->info.min_load;
  }
}

static void confirm(alf_cycle *c, const void *state, int64_t common)
{
  c->found = memcmp(state, c->candidate, c->size) == 0;
  c->info.drift = common - c->common;
  c->info.under_minus_over = c->under_minus_over;
  c->proposed = 0;
}

bool alf_cycle_observe(alf_cycle *c, const void *state, int64_t common, const int64_t *load, int64_t slots)
{
  if (c->found || c->next > c->max_iterates)
    return c->found;
  if (c->proposed && c->next == c->check_at)
    confirm(c, state, common);
  else if (!c->proposed)
    propose(c, state, common);
  if (c->proposed)
    record_loads(c, load, slots);
  c->next++;
  return c->found;
}

size_t alf_cycle_shift_size(int32_t experts)
{
  return (size_t)(experts - 1) * sizeof(int64_t);
}

bool alf_cycle_observe_shift(alf_cycle *c, const int64_t *shift, const int64_t *load, int64_t slots)
{
  for (int32_t k = 1; k < c->experts; k++)
    c->difference[k - 1] = shift[k] - shift[0];
  return alf_cycle_observe(c, c->difference, shift[0], load, slots);
}

const alf_cycle_info *alf_cycle_found(const alf_cycle *cycle)
{
  return cycle->found ? &cycle->info : NULL;
}
