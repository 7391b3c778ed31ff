#include "moe/crew.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "core/team.h"

const char *const alf_moe_part_name[ALF_MOE_PARTS] = {"attention", "router",    "experts",       "shared experts",
                                                      "head",      "optimiser", "exact optimum", "validation",
                                                      "other",     "waiting"};

/* Apart from those of others in the cache. */
typedef struct member_clock {
  _Alignas(128) double since;
  double seconds[ALF_MOE_PARTS];
} member_clock;

struct alf_crew {
  alf_team *team;
  int size;
  member_clock *clock;
  void *memory; /* in which the clocks lie */
  double began;
  int64_t count;
  atomic_int_fast64_t next;
  void (*task)(void *context, int64_t i, int member);
  void *context;
};

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

alf_status alf_crew_alloc(alf_crew **out, int threads, alf_error *err)
{
  const size_t alignment = _Alignof(member_clock);
  alf_crew *crew = calloc(1, sizeof *crew);
  *out = crew;
  if (!crew)
    return alf_fail_memory(err, sizeof *crew);
  alf_status status = alf_team_alloc(&crew->team, threads, err);
  if (status == ALF_OK) {
    crew->size = alf_team_size(crew->team);
    crew->memory = calloc((size_t)crew->size + 1, sizeof *crew->clock);
    crew->clock = (member_clock *)(((uintptr_t)crew->memory + alignment - 1) / alignment * alignment);
    status = crew->memory ? ALF_OK : alf_fail_memory(err, ((size_t)crew->size + 1) * sizeof *crew->clock);
  }
  if (status == ALF_OK) {
    crew->began = crew->clock[0].since = now();
    return ALF_OK;
  }
  alf_crew_free(crew);
  *out = NULL;
  return status;
}

int alf_crew_size(const alf_crew *crew)
{
  return crew->size;
}

void alf_crew_spent(alf_crew *crew, int member, alf_moe_part part)
{
  member_clock *clock = &crew->clock[member];
  double before = clock->since;
  clock->since = now();
  clock->seconds[part] += clock->since - before;
}

static void work(void *opaque, int member)
{
  alf_crew *crew = opaque;
  if (member > 0)
    crew->clock[member].since = now();
  for (int64_t i; (i = atomic_fetch_add_explicit(&crew->next, 1, memory_order_relaxed)) < crew->count;)
    crew->task(crew->context, i, member);
}

void alf_crew_each(alf_crew *crew, int64_t count, void (*task)(void *context, int64_t i, int member), void *context)
{
  crew->count = count;
  crew->task = task;
  crew->context = context;
  atomic_store(&crew->next, 0);
  alf_crew_spent(crew, 0, ALF_PART_OTHER);
  alf_team_run(crew->team, work, crew);
  alf_crew_spent(crew, 0, ALF_PART_WAITING);
}

void alf_crew_add_times(alf_crew *crew, double seconds[ALF_MOE_PARTS])
{
  alf_crew_spent(crew, 0, ALF_PART_OTHER);
  double end = crew->clock[0].since, left = (end - crew->began) * crew->size;
  for (int member = 0; member < crew->size; member++)
    for (int part = 0; part < ALF_PART_WAITING; part++) {
      seconds[part] += crew->clock[member].seconds[part];
      left -= crew->clock[member].seconds[part];
      crew->clock[member].seconds[part] = 0;
    }
  crew->clock[0].seconds[ALF_PART_WAITING] = 0;
  seconds[ALF_PART_WAITING] += left > 0 ? left : 0;
  crew->began = end;
}

void alf_crew_free(alf_crew *crew)
{
  if (!crew)
    return;
  alf_team_free(crew->team);
  free(crew->memory);
  free(crew);
}
