#define _DEFAULT_SOURCE /* madvise */
#include "core/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)

void *alf_large_take(alf_large *large, size_t bytes)
{
  if (bytes < PAGE || bytes > SIZE_MAX - PAGE) {
    large->block = malloc(bytes);
    return large->block;
  }
  large->block = malloc(bytes + PAGE);
  if (!large->block)
    return NULL;
  unsigned char *start = large->block;
  start += (PAGE - (uintptr_t)start % PAGE) % PAGE;
  madvise(start, bytes / PAGE * PAGE, MADV_HUGEPAGE); /* may fail: it is for speed alone */
  return start;
}

void alf_large_free(alf_large *large)
{
  free(large->block);
  *large = (alf_large){0};
}
