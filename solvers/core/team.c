#include "core/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alf/parallel.h"

enum { MOST = 64, SPINS = 1500 }; /* some tens of microseconds */

typedef struct member {
  struct alf_team *team;
  pthread_t thread;
  int part;
} member;

/* Round r is given out by raising `round` to r, and is done when `left` is 0. Both are waited for by looking often, and
   then asleep. */
struct alf_team {
  int size;
  atomic_uint round, left;
  atomic_bool ended;
  void (*task)(void *context, int part);
  void *context;
  pthread_mutex_t lock;
  pthread_cond_t begun, done;
  member member[MOST];
};

static void rest(void)
{
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static bool has_begun(alf_team *team, unsigned seen)
{
  return atomic_load(&team->round) != seen;
}

static void wait_for_round(alf_team *team, unsigned seen)
{
  for (int spin = 0; spin < SPINS; spin++, rest())
    if (has_begun(team, seen))
      return;
  pthread_mutex_lock(&team->lock);
  while (!has_begun(team, seen))
    pthread_cond_wait(&team->begun, &team->lock);
  pthread_mutex_unlock(&team->lock);
}

static void *work(void *opaque)
{
  member *m = opaque;
  alf_team *team = m->team;
  for (unsigned round = 0;; round++) {
    wait_for_round(team, round);
    if (atomic_load(&team->ended))
      return NULL;
    team->task(team->context, m->part);
    if (atomic_fetch_sub(&team->left, 1) > 1)
      continue;
    pthread_mutex_lock(&team->lock);
    pthread_cond_signal(&team->done);
    pthread_mutex_unlock(&team->lock);
  }
}

alf_status alf_team_alloc(alf_team **out, int threads, alf_error *err)
{
  alf_team *team = calloc(1, sizeof *team);
  *out = team;
  if (!team)
    return alf_fail_memory(err, sizeof *team);
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->begun, NULL);
  pthread_cond_init(&team->done, NULL);
  int wanted = alf_parallel_threads(threads);
  for (team->size = 1; team->size < wanted; team->size++) {
    member *m = &team->member[team->size];
    *m = (member){.team = team, .part = team->size};
    if (pthread_create(&m->thread, NULL, work, m) != 0)
      break;
  }
  return ALF_OK;
}

int alf_team_size(const alf_team *team)
{
  return team ? team->size : 1;
}

static void begin_round(alf_team *team)
{
  pthread_mutex_lock(&team->lock);
  atomic_store(&team->left, (unsigned)team->size - 1);
  atomic_fetch_add(&team->round, 1);
  pthread_cond_broadcast(&team->begun);
  pthread_mutex_unlock(&team->lock);
}

static void wait_for_end(alf_team *team)
{
  for (int spin = 0; spin < SPINS; spin++, rest())
    if (atomic_load(&team->left) == 0)
      return;
  pthread_mutex_lock(&team->lock);
  while (atomic_load(&team->left) != 0)
    pthread_cond_wait(&team->done, &team->lock);
  pthread_mutex_unlock(&team->lock);
}

void alf_team_run(alf_team *team, void (*task)(void *context, int part), void *context)
{
  team->task = task;
  team->context = context;
  if (team->size > 1)
    begin_round(team);
  task(context, 0);
  if (team->size > 1)
    wait_for_end(team);
  team->context = NULL; /* GCC warns that a pointer to what has ended would stay */
}

/* Each part has a run of the tasks, and the same one next time, when what it needs may still be in its cache; then it
   helps others with theirs. */
typedef struct queue {
  atomic_llong next[MOST]; /* of each run */
  int64_t count;
  int parts;
  void (*task)(void *context, int part, int64_t i);
  void *context;
} queue;

static int64_t run_start(const queue *q, int run)
{
  return q->count * run / q->parts;
}

static void work_off(void *context, int part)
{
  queue *q = context;
  for (int ahead = 0; part < q->parts && ahead < q->parts; ahead++) {
    int run = (part + ahead) % q->parts;
    int64_t end = run_start(q, run + 1);
    for (long long i; (i = atomic_fetch_add(&q->next[run], 1)) < end;)
      q->task(q->context, part, i);
  }
}

void alf_team_deal(alf_team *team, int parts, int64_t count, void (*task)(void *context, int part, int64_t i),
                   void *context)
{
  int size = alf_team_size(team);
  parts = parts < size ? parts : size;
  bool is_shared = parts > 1 && count > 1;
  queue q = {.count = count, .parts = is_shared ? parts : 1, .task = task, .context = context};
  for (int run = 0; run < q.parts; run++)
    q.next[run] = run_start(&q, run);
  if (is_shared)
    alf_team_run(team, work_off, &q);
  else
    work_off(&q, 0);
}

typedef struct shared {
  void (*task)(void *context, int64_t i);
  void *context;
} shared;

static void work_share(void *context, int part, int64_t i)
{
  const shared *s = context;
  (void)part;
  s->task(s->context, i);
}

void alf_team_share(alf_team *team, int64_t count, void (*task)(void *context, int64_t i), void *context)
{
  alf_team_deal(team, alf_team_size(team), count, work_share, &(shared){task, context});
}

void alf_team_free(alf_team *team)
{
  if (!team)
    return;
  atomic_store(&team->ended, true);
  begin_round(team);
  for (int part = 1; part < team->size; part++)
    pthread_join(team->member[part].thread, NULL);
  pthread_cond_destroy(&team->begun);
  pthread_cond_destroy(&team->done);
  pthread_mutex_destroy(&team->lock);
  free(team);
}
