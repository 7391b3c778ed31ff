#include "alf/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define MAX_THREADS 64

typedef struct work {
  atomic_llong next;
  int64_t count;
  void (*task)(void *context, int64_t i);
  void *context;
} work;

static void *run(void *opaque)
{
  work *w = opaque;
  for (long long i; (i = atomic_fetch_add(&w->next, 1)) < w->count;)
    w->task(w->context, i);
  return NULL;
}

int alf_parallel_threads(int threads)
{
  long wanted = threads > 0 ? threads : sysconf(_SC_NPROCESSORS_ONLN);
  return wanted < 1 ? 1 : wanted > MAX_THREADS ? MAX_THREADS : (int)wanted;
}

void alf_parallel_for(int64_t count, int threads, void (*task)(void *context, int64_t i), void *context)
{
  work w = {.count = count, .task = task, .context = context};
  pthread_t thread[MAX_THREADS];
  int64_t wanted = alf_parallel_threads(threads);
  wanted = wanted > count ? count : wanted;
  int started = 0;
  while (started + 1 < wanted && pthread_create(&thread[started], NULL, run, &w) == 0)
    started++;
  run(&w);
  for (int t = 0; t < started; t++)
    pthread_join(thread[t], NULL);
}
