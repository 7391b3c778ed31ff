/* Arrays that grow. */
#ifndef ALF_CORE_GROW_H
#define ALF_CORE_GROW_H

#include <stddef.h>
#include <stdint.h>

/* The array, moved where needed, with room for at least `needed` elements of `size` bytes; *room is what it has then.
   NULL when out of memory: array and *room are as they were. */
void *alf_grow(void *array, int64_t *room, int64_t needed, size_t size);

#endif
