/* A call that cannot be interrupted, run where it can be killed. */
#ifndef ALF_EXACT_CHILD_H
#define ALF_EXACT_CHILD_H

#include <stddef.h>

#include "alf/status.h"
#include "core/deadline.h"

/* Forks, runs body(context, result, err) in the child, and waits until it ends or the deadline passes; then the child
   is killed. `result` is `bytes` bytes, zeroed, shared with the child and copied to the caller's memory when the child
   ended; so is the child's error text. All else that body changes is lost with the child. body must not touch stdio.
   Errors: body's; ALF_ETIMEOUT; ALF_ESOLVER when the child died, naming the signal, or could not be started;
   ALF_EINTERRUPTED when it was SIGINT or SIGTERM. `what` goes into messages. */
alf_status alf_child_run(alf_status (*body)(void *context, void *result, alf_error *err), void *context, void *result,
                         size_t bytes, alf_deadline deadline, const char *what, alf_error *err);

#endif
