/* One update of a rule on a small batch, in every type, with memory of exactly the size it asks for. Include after
   support.h. */
#ifndef ALF_TEST_UPDATE_H
#define ALF_TEST_UPDATE_H

#include "alf/rule.h"

enum { ALF_UPDATE_TOKENS = 60, ALF_UPDATE_EXPERTS = 40 };

/* Affinities (T×E), multiples of 2^-20 below 2 where all types shall hold them exactly, a shift, and the step that a rule
   makes of them. */
typedef struct alf_update {
  int32_t tokens, experts, topk;
  double value[ALF_UPDATE_TOKENS * ALF_UPDATE_EXPERTS], shift[ALF_UPDATE_EXPERTS], delta[ALF_UPDATE_EXPERTS];
} alf_update;

/* The next of a fixed stream: up to so many tokens and experts, of few levels every third time, where scores tie. */
alf_update alf_update_draw(int32_t most_tokens, int32_t most_experts);

/* The batch in one of the types; the caller frees. */
void alf_update_batch(const alf_update *b, alf_dtype dtype, alf_affinity *batch);

/* Loads of the Top-K of γ + p, by rank. */
void alf_update_loads(const alf_update *b, int64_t *load);

/* Sets delta. `text` names a rule as alf_rule_read takes it; state NULL: zeroed. */
alf_status alf_update_try(alf_update *b, const char *text, alf_dtype dtype, double u, void *state, alf_error *err);

/* The same, where it must not fail. */
void alf_update_run(alf_update *b, const char *text, alf_dtype dtype, double u, void *state);

#endif
