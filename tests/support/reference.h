/* A plain exact iteration, written apart from alf_iterate, that can be broken on purpose. */
#ifndef ALF_TEST_REFERENCE_H
#define ALF_TEST_REFERENCE_H

#include "alf/iterate.h"

typedef enum alf_sabotage {
  ALF_HONEST,
  ALF_MOVE_FLIPPED,   /* p moves against the reported step */
  ALF_RULE_FLIPPED,   /* the step itself has the wrong sign, and is reported so */
  ALF_RANDOM_TIES,    /* ties broken by a coin, not by index */
  ALF_STALE_LOADS,    /* the step comes from the loads one iterate earlier */
  ALF_LARGER_STEP,    /* p moves by 5 % more than reported */
  ALF_LAST_DROPPED,   /* the last expert is never chosen */
  ALF_NEVER_REROUTED, /* the selections of iterate 0 are kept for ever */
  ALF_START_HIDDEN,   /* p^0 is published as 0 whatever it is */
  ALF_LOADS_TWICE,    /* published loads count every slot twice */
  ALF_SABOTAGES
} alf_sabotage;

typedef struct alf_reference alf_reference;

/* `batch` is ALF_DYADIC; fails the test when memory runs out. */
alf_reference *alf_reference_new(const alf_affinity *batch, const alf_iterate_settings *settings,
                                 alf_sabotage sabotage);
const alf_step *alf_reference_step(alf_reference *reference);
void alf_reference_free(alf_reference *reference);

#endif
