#include "moe/balancer.h"

#include <stdlib.h>

#include "alf/routing.h"
#include "routing/router.h"

/* Batches lie where the model has them: two of training by turns. */
typedef struct layer_balancer {
  alf_iterate *it;
  alf_affinity batch[2];
  int turn;
  bool started;
  alf_router *router; /* for evaluation */
  alf_route route[2];
  int64_t evaluations;
} layer_balancer;

struct alf_balancer {
  const alf_moe_shape *shape;
  layer_balancer *layer;
};

static alf_affinity view(const alf_moe_shape *s, const alf_real *affinity)
{
  return (alf_affinity){.dtype = ALF_MOE_DTYPE, .tokens = alf_moe_tokens(s), .experts = s->experts, .values = affinity};
}

static alf_status alloc_layer(alf_balancer *b, layer_balancer *l, const alf_balance_settings *settings, alf_error *err)
{
  const alf_moe_shape *s = b->shape;
  size_t words = (size_t)alf_moe_tokens(s) * (size_t)alf_selection_words(s->experts);
  alf_affinity shape = view(s, NULL);
  alf_iterate_settings iterate = {.rule = settings->rule,
                                  .schedule = settings->schedule,
                                  .u = settings->u,
                                  .topk = s->topk,
                                  .rule_values = settings->rule_value,
                                  .schedule_values = settings->schedule_value,
                                  .eager = true};
  alf_router_settings routing = {.topk = s->topk, .combine = settings->rule->combine, .eager = true};
  alf_status status = alf_iterate_alloc(&l->it, &shape, &iterate, err);
  if (status == ALF_OK)
    status = alf_router_alloc(&l->router, &shape, &routing, err);
  for (int turn = 0; status == ALF_OK && turn < 2; turn++) {
    l->route[turn].chosen = calloc(words, sizeof(uint64_t));
    l->route[turn].load = calloc((size_t)s->experts, sizeof(int64_t));
    if (!l->route[turn].chosen || !l->route[turn].load)
      status = alf_fail_memory(err, words * sizeof(uint64_t));
  }
  return status;
}

alf_status alf_balancer_alloc(alf_balancer **out, const alf_moe_shape *shape, const alf_balance_settings *settings,
                              alf_error *err)
{
  alf_balancer *b = calloc(1, sizeof *b);
  *out = NULL;
  if (!b)
    return alf_fail_memory(err, sizeof *b);
  b->shape = shape;
  b->layer = calloc((size_t)shape->layers, sizeof *b->layer);
  alf_status status = b->layer ? ALF_OK : alf_fail_memory(err, (size_t)shape->layers * sizeof *b->layer);
  for (int32_t l = 0; status == ALF_OK && l < shape->layers; l++)
    status = alloc_layer(b, &b->layer[l], settings, err);
  if (status == ALF_OK)
    *out = b;
  else
    alf_balancer_free(b);
  return status;
}

void alf_balancer_free(alf_balancer *b)
{
  if (!b)
    return;
  for (int32_t l = 0; b->layer && l < b->shape->layers; l++) {
    alf_iterate_free(b->layer[l].it);
    alf_router_free(b->layer[l].router);
    for (int turn = 0; turn < 2; turn++) {
      free(b->layer[l].route[turn].chosen);
      free(b->layer[l].route[turn].load);
    }
  }
  free(b->layer);
  free(b);
}

static alf_status choose_in_training(void *opaque, int32_t number, const alf_real *affinity, const uint64_t **chosen,
                                     const int64_t **load, alf_error *err)
{
  alf_balancer *b = opaque;
  layer_balancer *l = &b->layer[number];
  const alf_step *step;
  l->turn = 1 - l->turn;
  l->batch[l->turn] = view(b->shape, affinity);
  alf_status status = l->started ? alf_iterate_step(l->it, &l->batch[l->turn], &step, err)
                                 : alf_iterate_start(l->it, &l->batch[l->turn], err);
  l->started = true;
  *chosen = alf_iterate_current(l->it)->chosen_after;
  *load = alf_iterate_current(l->it)->load_after;
  return status;
}

alf_moe_chooser alf_balancer_training(alf_balancer *b)
{
  return (alf_moe_chooser){choose_in_training, b};
}

static alf_status choose_in_evaluation(void *opaque, int32_t number, const alf_real *affinity, const uint64_t **chosen,
                                       const int64_t **load, alf_error *err)
{
  alf_balancer *b = opaque;
  layer_balancer *l = &b->layer[number];
  alf_affinity batch = view(b->shape, affinity);
  int64_t n = l->evaluations++;
  if (!l->started)
    return alf_fail(err, ALF_EINVAL, "layer %d: no batch of training was routed yet", number);
  alf_router_route(l->router, &batch, NULL, alf_iterate_current(l->it)->shift_after.real, n, l->route);
  *chosen = l->route[n % 2].chosen;
  *load = l->route[n % 2].load;
  return ALF_OK;
}

alf_moe_chooser alf_balancer_evaluation(alf_balancer *b)
{
  return (alf_moe_chooser){choose_in_evaluation, b};
}

const alf_step *alf_balancer_step(const alf_balancer *b, int32_t layer)
{
  return alf_iterate_current(b->layer[layer].it);
}

alf_iterate_whole alf_balancer_state(alf_balancer *b, int32_t layer)
{
  return alf_iterate_state(b->layer[layer].it);
}

alf_status alf_balancer_resume(alf_balancer *b, int32_t number, const alf_real *affinity, int64_t n, const void *state,
                               size_t size, alf_error *err)
{
  layer_balancer *l = &b->layer[number];
  l->batch[l->turn] = view(b->shape, affinity);
  l->started = true;
  return alf_iterate_resume(l->it, &l->batch[l->turn], n, state, size, err);
}
