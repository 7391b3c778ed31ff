#include "alf/random.h"

#include <Random123/philox.h>

#include "core/philox.h"

/* Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011). */
static void next_block(alf_philox *s)
{
  philox4x32_ctr_t counter = {{s->counter[0], s->counter[1], s->counter[2], s->counter[3]}};
  philox4x32_key_t key = {{s->key[0], s->key[1]}};
  philox4x32_ctr_t block = philox4x32_R(10, counter, key);
  for (int i = 0; i < 4; i++)
    s->word[i] = block.v[i];
  s->counter[0]++;
  s->used = 0;
}

static uint32_t next_word(alf_philox *s)
{
  if (s->used == 4)
    next_block(s);
  return s->word[s->used++];
}

static void start_stream(alf_philox *s, uint64_t seed, uint64_t batch, uint64_t token)
{
  uint64_t high = (batch >> 32 & 0xffff) << 16 | (token >> 32 & 0xffff);
  *s = (alf_philox){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                    .counter = {0, (uint32_t)batch, (uint32_t)token, (uint32_t)high},
                    .used = 4};
}

static void philox_set(void *state, unsigned long seed)
{
  start_stream(state, seed, 0, 0);
}

static unsigned long philox_get(void *state)
{
  return next_word(state);
}

/* The upper 27 bits of one word and 26 of the next: every multiple of 2^-53 in [0, 1), equally likely. */
static double philox_get_double(void *state)
{
  uint64_t high = next_word(state) >> 5;
  uint64_t low = next_word(state) >> 6;
  return (double)(high << 26 | low) * 0x1p-53;
}

static const gsl_rng_type philox_type = {.name = "philox4x32-10",
                                         .max = UINT32_MAX,
                                         .min = 0,
                                         .size = sizeof(alf_philox),
                                         .set = philox_set,
                                         .get = philox_get,
                                         .get_double = philox_get_double};

const gsl_rng_type *const alf_rng_philox = &philox_type;

void alf_rng_stream(gsl_rng *rng, uint64_t seed, uint64_t batch, uint64_t token)
{
  start_stream(rng->state, seed, batch, token);
}
