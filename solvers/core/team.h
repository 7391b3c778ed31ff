/* Threads that stay: for tasks so short that starting threads would cost more than they do. */
#ifndef ALF_CORE_TEAM_H
#define ALF_CORE_TEAM_H

#include <stdint.h>

#include "alf/status.h"

/* Opaque. */
typedef struct alf_team alf_team;

/* A team of `threads` (0: as many as there are processors; 64 at the most), the caller among them. Threads that cannot
   be started are done without. Errors: ALF_ENOMEM. */
alf_status alf_team_alloc(alf_team **team, int threads, alf_error *err);

/* How many there are: parts of a task. 1 without a team (NULL). */
int alf_team_size(const alf_team *team);

/* Calls task(context, part) once for every part 0..size−1, each on a thread of its own. Returns when all are done. */
void alf_team_run(alf_team *team, void (*task)(void *context, int part), void *context);

/* Calls task(context, i) once for each i in 0..count−1, as threads become free: a task writes its result to place i.
   Without a team (NULL) the caller does all. Returns when all are done. */
void alf_team_share(alf_team *team, int64_t count, void (*task)(void *context, int64_t i), void *context);

/* The same on the first `parts` threads, each of which tells the tasks its number: it does one after the other, so that
   they can work in room that it has. Each has a run of the tasks to begin with, the same one every time, for the sake of
   its cache; which others it does depends on chance. */
void alf_team_deal(alf_team *team, int parts, int64_t count, void (*task)(void *context, int part, int64_t i),
                   void *context);

/* Safe on NULL. */
void alf_team_free(alf_team *team);

#endif
