/* Threads that stay: for tasks so short that starting threads would cost more than they do. */
#ifndef ALF_CORE_TEAM_H
#define ALF_CORE_TEAM_H

#include "alf/status.h"

/* Opaque. */
typedef struct alf_team alf_team;

/* A team of `threads` (0: as many as there are processors; 64 at the most), the caller among them. Threads that cannot
   be started are done without. Errors: ALF_ENOMEM. */
alf_status alf_team_alloc(alf_team **team, int threads, alf_error *err);

/* How many there are: parts of a task. */
int alf_team_size(const alf_team *team);

/* Calls task(context, part) once for every part 0..size−1, each on a thread of its own. Returns when all are done. */
void alf_team_run(alf_team *team, void (*task)(void *context, int part), void *context);

/* Safe on NULL. */
void alf_team_free(alf_team *team);

#endif
