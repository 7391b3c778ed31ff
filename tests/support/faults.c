#include "faults.h"

#include <pthread.h>
#include <string.h>

#include "support.h"

alf_fault_state alf_faults;

/* What the linker makes of malloc and the others: __real_ is the C library's, __wrap_ takes the calls. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

void alf_faults_arm(int fatal, bool for_good)
{
  alf_faults = (alf_fault_state){.armed = true, .for_good = for_good, .fatal = fatal, .live = alf_faults.live};
}

/* One act with one fault; true when it needed fewer allocations than that. */
static bool survives(const alf_fault_trial *t, int fatal, bool for_good)
{
  alf_error err = {0};
  int before = alf_faults.live;
  alf_faults_arm(fatal, for_good);
  alf_status status = t->act(t->context, &err);
  alf_faults.armed = false;
  bool survived = alf_faults.failed == 0;
  if (survived)
    assert_ok(status, &err);
  else if (status != ALF_ENOMEM || err.code != ALF_ENOMEM || !strstr(err.text, "memory"))
    fail_msg("%s, allocation %d fails: status %d, \"%s\"", t->name, fatal, (int)status, err.text);
  if (t->clean)
    t->clean(t->context, !survived);
  if (alf_faults.live != before)
    fail_msg("%s, allocation %d fails: %d blocks are lost", t->name, fatal, alf_faults.live - before);
  return survived;
}

void alf_faults_sweep(const alf_fault_trial *trial)
{
  for (int for_good = 0; for_good < 2; for_good++) {
    int fatal = 0;
    while (!survives(trial, fatal, for_good))
      fatal++;
    if (fatal < trial->least)
      fail_msg("%s: %d allocations seen, expected at least %d", trial->name, fatal, trial->least);
  }
}

/* Threads allocate at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One more allocation, of so many bytes that count. */
static bool is_fatal(size_t bytes)
{
  alf_fault_state *f = &alf_faults;
  pthread_mutex_lock(&lock);
  f->bytes += bytes;
  int number = f->armed ? f->made++ : -1;
  bool fatal = f->armed && (number == f->fatal || (f->for_good && number > f->fatal));
  f->failed += fatal;
  pthread_mutex_unlock(&lock);
  return fatal;
}

static void count_live(int more)
{
  pthread_mutex_lock(&lock);
  alf_faults.live += more;
  pthread_mutex_unlock(&lock);
}

static void *taken(void *block)
{
  count_live(block != NULL);
  return block;
}

void *__wrap_malloc(size_t size)
{
  return is_fatal(size) ? NULL : taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
  return is_fatal(count * size) ? NULL : taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
  if (is_fatal(0))
    return NULL;
  count_live(-(old != NULL));
  return taken(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
  return is_fatal(0) ? NULL : taken(__real_strdup(text));
}

void __wrap_free(void *block)
{
  count_live(-(block != NULL));
  __real_free(block);
}
