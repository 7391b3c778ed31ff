/* Time limits. Clocks decide only whether a call gives up, never what it returns. */
#ifndef ALF_CORE_DEADLINE_H
#define ALF_CORE_DEADLINE_H

/* Seconds of a clock that never goes back. */
double alf_now(void);

/* The instant `timeout` seconds from now on that clock; infinity for timeout 0. */
double alf_deadline_after(double timeout);

/* Milliseconds left until the deadline, 0..INT_MAX; INT_MAX for none. */
int alf_deadline_left_ms(double deadline);

#endif
