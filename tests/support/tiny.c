#include "support.h"

#include <string.h>

#include "tiny.h"

static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
  x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
  return x ^ (x >> 33);
}

int64_t alf_tiny_draw(uint64_t seed, uint64_t what, int64_t count)
{
  return (int64_t)(mix(mix(seed + 1) + what) % (uint64_t)count);
}

/* Slots dealt out to experts at random. */
static void deal_capacities(alf_tiny *tiny, uint64_t seed)
{
  int64_t experts = tiny->batch.experts, slots = tiny->problem.topk * tiny->batch.tokens;
  for (uint64_t s = 0; slots > 0; s++) {
    int64_t k = alf_tiny_draw(seed, 100 + s, experts);
    if (tiny->capacity[k] == tiny->batch.tokens)
      continue;
    tiny->capacity[k]++;
    slots--;
  }
  tiny->problem.capacity = tiny->capacity;
}

void alf_tiny_build(alf_tiny *tiny, uint64_t seed)
{
  *tiny = (alf_tiny){.levels = 2 + alf_tiny_draw(seed, 0, 2)};
  bool rounded = seed % 3 == 1;
  int32_t experts = 2 + (int32_t)alf_tiny_draw(seed, 1, tiny->levels == 2 && !rounded ? 3 : 2);
  tiny->batch = (alf_affinity){.dtype = ALF_DYADIC, .experts = experts, .values = tiny->cells};
  tiny->batch.tokens = 1 + alf_tiny_draw(seed, 2, ALF_TINY_TOKENS);
  tiny->problem = (alf_problem){.batch = &tiny->batch, .kind = rounded ? ALF_ROUNDED : ALF_FRACTIONAL};
  tiny->problem.topk = 1 + (int32_t)alf_tiny_draw(seed, 3, experts - 1);
  for (int c = 0; c < tiny->batch.tokens * experts; c++)
    tiny->cells[c] = alf_tiny_draw(seed, 10 + (uint64_t)c, tiny->levels);
  if (seed % 3 == 2)
    deal_capacities(tiny, seed);
}

struct search {
  const alf_tiny *tiny;
  alf_tiny_routings *found;
  int64_t denominator, load[ALF_TINY_EXPERTS];
  int amount[ALF_TINY_CELLS];
};

static bool loads_fit(const struct search *s)
{
  for (int32_t k = 0; k < s->tiny->batch.experts; k++) {
    alf_load_range range = alf_problem_load_range(&s->tiny->problem, k);
    if (s->load[k] < range.lower || s->load[k] > range.upper)
      return false;
  }
  return true;
}

static void take_routing(struct search *s, int64_t value)
{
  alf_tiny_routings *found = s->found;
  if (!loads_fit(s) || (found->count > 0 && value < found->best))
    return;
  found->count = value == found->best ? found->count + 1 : 1;
  found->best = value;
  if (found->count == 1)
    memcpy(found->first, s->amount, sizeof found->first);
  if ((found->count & (found->count - 1)) == 0)
    memcpy(found->middle, s->amount, sizeof found->middle);
  memcpy(found->last, s->amount, sizeof found->last);
}

static void search(struct search *s, int64_t cell, int64_t left, int64_t value)
{
  int32_t experts = s->tiny->batch.experts;
  if (cell % experts == 0 && left > 0)
    return;
  if (cell == experts * s->tiny->batch.tokens) {
    take_routing(s, value);
    return;
  }
  left = cell % experts == 0 ? s->tiny->problem.topk * s->denominator : left;
  for (int amount = 0; amount <= left && amount <= s->denominator; amount++) {
    s->amount[cell] = amount;
    s->load[cell % experts] += amount;
    search(s, cell + 1, left - amount, value + amount * s->tiny->cells[cell]);
    s->load[cell % experts] -= amount;
  }
}

void alf_tiny_enumerate(const alf_tiny *tiny, alf_tiny_routings *routings)
{
  *routings = (alf_tiny_routings){.best = -1};
  struct search s = {.tiny = tiny, .found = routings, .denominator = alf_problem_denominator(&tiny->problem)};
  search(&s, 0, 0, 0);
  assert_true(routings->count > 0);
}
