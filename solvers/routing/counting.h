/* The loads as a rule sees them where they are counted wrongly on purpose. */
#ifndef ALF_ROUTING_COUNTING_H
#define ALF_ROUTING_COUNTING_H

#include <stddef.h>

#include "alf/format.h"

/* Opaque. */
typedef struct alf_counter alf_counter;

/* *counter is NULL, without an error, where the format counts right. Errors: ALF_ENOMEM. */
alf_status alf_counter_alloc(alf_counter **counter, const alf_format *format, int64_t tokens, int32_t experts,
                             alf_error *err);

/* Forgets all batches. */
void alf_counter_start(alf_counter *counter);

/* Takes the next batch: its selections (T×words) and their true loads (E), with the padding. */
void alf_counter_take(alf_counter *counter, const uint64_t *chosen, const int64_t *load);

/* E, what the rule sees after that, or NULL while there are no loads so old. */
const int64_t *alf_counter_seen(const alf_counter *counter);

/* What later batches depend on beside the last selections: as many bytes at every batch. */
const void *alf_counter_state(const alf_counter *counter);
size_t alf_counter_state_size(const alf_counter *counter);

/* Safe on NULL. */
void alf_counter_free(alf_counter *counter);

/* The sum of the counts of `ranks` ranks, in format's arithmetic and order; overwrites them. */
int64_t alf_add_ranks(const alf_format *format, int64_t *count, int32_t ranks);

#endif
