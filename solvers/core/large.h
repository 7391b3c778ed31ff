/* Large arrays, on large pages where the system has them: a page is made when it is first touched, and to make 512 of 4 KiB
   takes longer than to read what is then in them. */
#ifndef ALF_CORE_LARGE_H
#define ALF_CORE_LARGE_H

#include <stddef.h>

/* Zero-initialise. */
typedef struct alf_large {
  void *block; /* as malloc gave it */
} alf_large;

/* Room for so many bytes, not zeroed, aligned for any type; NULL when out of memory. */
void *alf_large_take(alf_large *large, size_t bytes);

/* Gives it back and zeroes. */
void alf_large_free(alf_large *large);

#endif
