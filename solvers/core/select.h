/* Order statistics. */
#ifndef ALF_CORE_SELECT_H
#define ALF_CORE_SELECT_H

#include <stdint.h>

/* The value that has `rank` of the others before it in ascending order, 0 <= rank < count. Reorders the values so that
   those before it are no larger and those behind it no smaller. (Hoare, Algorithm 65: FIND) */
int64_t alf_select(int64_t *value, int64_t count, int64_t rank);

#endif
