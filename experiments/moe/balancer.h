/* One layer's router in training: any rule of the library moves its shift after every batch. */
#ifndef ALF_MOE_BALANCER_H
#define ALF_MOE_BALANCER_H

#include "alf/iterate.h"
#include "moe/model.h"

typedef struct alf_balance_settings {
  const alf_rule *rule;
  const alf_schedule *schedule;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  double u;
} alf_balance_settings;

/* Of all layers. Opaque. */
typedef struct alf_balancer alf_balancer;

/* Errors: ALF_ENOMEM, ALF_EINVAL. */
alf_status alf_balancer_alloc(alf_balancer **balancer, const alf_moe_shape *shape, const alf_balance_settings *settings,
                              alf_error *err);

/* Chooses by Top-K of affinity + shift: in training after the rule has moved the shift by the loads of the last batch; in
   evaluation with the shift as it is. */
alf_moe_chooser alf_balancer_training(alf_balancer *balancer);
alf_moe_chooser alf_balancer_evaluation(alf_balancer *balancer);

/* The last training batch of a layer. */
const alf_step *alf_balancer_step(const alf_balancer *balancer, int32_t layer);

/* For checkpoints: bytes of a layer's state, the same at every step; and going on from them after a batch of those
   affinities (T×E) was routed last, in iterate n. */
alf_iterate_whole alf_balancer_state(alf_balancer *balancer, int32_t layer);
alf_status alf_balancer_resume(alf_balancer *balancer, int32_t layer, const alf_real *affinity, int64_t n,
                               const void *state, size_t size, alf_error *err);

/* Safe on NULL. */
void alf_balancer_free(alf_balancer *balancer);

#endif
