#include "faults.h"

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

static bool is_fatal(void)
{
  alf_fault_state *f = &alf_faults;
  if (!f->armed)
    return false;
  int number = f->made++;
  bool fatal = number == f->fatal || (f->for_good && number > f->fatal);
  f->failed += fatal;
  return fatal;
}

static void *taken(void *block)
{
  alf_faults.live += block != NULL;
  return block;
}

void *__wrap_malloc(size_t size)
{
  alf_faults.bytes += size;
  return is_fatal() ? NULL : taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
  alf_faults.bytes += count * size;
  return is_fatal() ? NULL : taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
  if (is_fatal())
    return NULL;
  alf_faults.live -= old != NULL;
  return taken(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
  return is_fatal() ? NULL : taken(__real_strdup(text));
}

void __wrap_free(void *block)
{
  alf_faults.live -= block != NULL;
  __real_free(block);
}
