#include "core/grow.h"

#include <stdlib.h>

void *alf_grow(void *array, int64_t *room, int64_t needed, size_t size)
{
  if (array && needed <= *room)
    return array;
  int64_t wanted = 2 * *room + 1024;
  wanted = wanted < needed ? needed : wanted;
  void *grown = realloc(array, (size_t)wanted * size);
  if (grown)
    *room = wanted;
  return grown;
}
