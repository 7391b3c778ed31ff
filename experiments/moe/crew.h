/* Threads that share out the work of the model, and clocks that say what it was for. Tasks write to places of their own, so
   results depend neither on how many threads there are nor on who does what. */
#ifndef ALF_MOE_CREW_H
#define ALF_MOE_CREW_H

#include <stdint.h>

#include "alf/status.h"

/* What time goes to. */
typedef enum alf_moe_part {
  ALF_PART_ATTENTION,
  ALF_PART_ROUTER, /* gates, selection, rule */
  ALF_PART_EXPERTS,
  ALF_PART_SHARED,
  ALF_PART_HEAD,
  ALF_PART_OPTIMISER,
  ALF_PART_OPTIMUM, /* exact, with certificate, of the batches that are measured */
  ALF_PART_VALIDATION,
  ALF_PART_OTHER,
  ALF_PART_WAITING, /* of threads for others */
  ALF_MOE_PARTS
} alf_moe_part;

/* "attention", … */
extern const char *const alf_moe_part_name[ALF_MOE_PARTS];

/* Opaque. */
typedef struct alf_crew alf_crew;

/* A crew of `threads` (0: as many as there are processors), the caller among them as member 0. Errors: ALF_ENOMEM. */
alf_status alf_crew_alloc(alf_crew **crew, int threads, alf_error *err);
int alf_crew_size(const alf_crew *crew);

/* Calls task(context, i, member) for 0 <= i < count: each once, whoever is free takes the next. */
void alf_crew_each(alf_crew *crew, int64_t count, void (*task)(void *context, int64_t i, int member), void *context);

/* What the member has done since its task began, or since this was called last, was for that part. */
void alf_crew_spent(alf_crew *crew, int member, alf_moe_part part);

/* Adds up to now the seconds of all members; those that no one accounts for are others'. Clears the clocks. */
void alf_crew_add_times(alf_crew *crew, double seconds[ALF_MOE_PARTS]);

/* Safe on NULL. */
void alf_crew_free(alf_crew *crew);

#endif
