/* Time limits and interruption. They decide only whether a call gives up, never what it returns. */
#ifndef ALF_CORE_DEADLINE_H
#define ALF_CORE_DEADLINE_H

#include <stdbool.h>

typedef struct alf_deadline {
  double at;          /* on the clock of alf_now; infinity: none */
  bool (*stop)(void); /* true: over now; NULL: only time counts */
} alf_deadline;

/* Seconds of a clock that never goes back. */
double alf_now(void);

/* `timeout` seconds from now on; 0: no limit in time. */
alf_deadline alf_deadline_after(double timeout, bool (*stop)(void));

/* Milliseconds left, 0..INT_MAX; INT_MAX for no limit. */
int alf_deadline_left_ms(alf_deadline deadline);

#endif
