/* Memory that is taken piece by piece at setup and given back at once. */
#ifndef ALF_CORE_MEMORY_H
#define ALF_CORE_MEMORY_H

#include <stddef.h>

#include "alf/status.h"

/* Zero-initialise. */
typedef struct alf_memory {
  struct alf_memory_piece *last; /* each leads to the one before it */
  size_t missing;                /* bytes of the piece that could not be had; 0: all were */
} alf_memory;

/* `count` elements of `size` bytes, all zero, for any type. NULL when out of memory, and from then on for every piece:
   one look with alf_memory_check after the last is enough. */
void *alf_memory_take(alf_memory *memory, size_t count, size_t size);

/* ALF_OK when every piece was had, else ALF_ENOMEM. */
alf_status alf_memory_check(const alf_memory *memory, alf_error *err);

/* Gives all pieces back and zeroes. Safe on a zeroed struct. */
void alf_memory_free(alf_memory *memory);

#endif
