#include "moe/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moe/adam.h"
#include "moe/attention.h"
#include "moe/gemm.h"
#include "moe/records.h"

struct alf_trainer {
  const alf_trainer_settings *settings;
  const alf_moe_config *config;
  alf_corpus own; /* where the settings have none */
  const alf_corpus *corpus;
  alf_trainer_state state;
  double part[ALF_MOE_PARTS]; /* seconds */
  int32_t *token;             /* sequences × (S + 1) */
};

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void alf_trainer_free(alf_trainer *t)
{
  if (!t)
    return;
  alf_corpus_free(&t->own);
  alf_trainer_state_free(&t->state);
  free(t->token);
  free(t);
}

static alf_status fill(alf_trainer *t, alf_error *err)
{
  const alf_moe_config *c = t->config;
  size_t tokens = (size_t)c->shape.sequences * (size_t)(c->shape.context + 1);
  alf_status status = ALF_OK;
  if (!t->settings->corpus)
    status = alf_corpus_read(&t->own, c->text, c->validation, c->shape.context, err);
  t->corpus = t->settings->corpus ? t->settings->corpus : &t->own;
  if (status == ALF_OK)
    status = alf_trainer_state_alloc(&t->state, c, t->settings->threads, err);
  t->state.text = t->corpus->sum;
  if (status == ALF_OK && !(t->token = malloc(tokens * sizeof *t->token)))
    status = alf_fail_memory(err, tokens * sizeof *t->token);
  if (status == ALF_OK && t->settings->resume)
    status = alf_checkpoint_read(&t->state, c, t->settings->folder, err);
  return status;
}

alf_status alf_trainer_alloc(alf_trainer **out, const alf_trainer_settings *settings, alf_error *err)
{
  alf_trainer *t = calloc(1, sizeof *t);
  *out = NULL;
  if (!t)
    return alf_fail_memory(err, sizeof *t);
  t->settings = settings;
  t->config = settings->config;
  alf_status status = fill(t, err);
  if (status == ALF_OK)
    *out = t;
  else
    alf_trainer_free(t);
  return status;
}

const alf_moe_history *alf_trainer_history(const alf_trainer *t)
{
  return &t->state.history;
}

alf_crew *alf_trainer_crew(const alf_trainer *t)
{
  return alf_moe_crew(t->state.model);
}

/* Mean loss over the first validation batches, with the shift as it is. */
static alf_status validate(alf_trainer *t, double *loss, alf_error *err)
{
  alf_moe_chooser chooser = alf_balancer_evaluation(t->state.balancer);
  alf_status status = ALF_OK;
  double sum = 0;
  for (int64_t i = 0; status == ALF_OK && i < t->config->validation_batches; i++) {
    double own, auxiliary;
    alf_corpus_validation(t->corpus, &t->config->shape, i, t->token);
    status = alf_moe_forward(t->state.model, ALF_MOE_EVALUATION, t->token, &chooser, &own, &auxiliary, err);
    sum += own;
  }
  *loss = sum / (double)t->config->validation_batches;
  return status;
}

/* The same, apart from training in the account of time. */
static alf_status validate_apart(alf_trainer *t, double *loss, alf_error *err)
{
  double own[ALF_MOE_PARTS] = {0};
  alf_crew_add_times(alf_trainer_crew(t), t->part);
  alf_status status = validate(t, loss, err);
  alf_crew_add_times(alf_trainer_crew(t), own);
  for (int part = 0; part < ALF_MOE_PARTS; part++)
    t->part[ALF_PART_VALIDATION] += own[part];
  return status;
}

static void update(alf_trainer *t, alf_moe_step_record *r, int64_t n)
{
  const alf_moe_config *c = t->config;
  r->rate = alf_learning_rate(c->rate, c->least_rate, c->warm_up, c->steps, n + 1);
  alf_adam adam = {.rate = r->rate,
                   .first = c->first,
                   .second = c->second,
                   .epsilon = 1e-8,
                   .decay = c->decay,
                   .clip = c->clip,
                   .mean = t->state.mean,
                   .square = t->state.square};
  alf_moe_backward(t->state.model);
  r->gradient_norm = alf_adam_step(&adam, alf_moe_crew(t->state.model), &c->shape, n + 1,
                                   alf_moe_parameter(t->state.model), alf_moe_gradient(t->state.model));
}

alf_status alf_trainer_step(alf_trainer *t, alf_error *err)
{
  const alf_moe_config *c = t->config;
  alf_moe_history *h = &t->state.history;
  int64_t n = h->steps;
  alf_moe_step_record *r = &h->step[n];
  alf_moe_chooser chooser = alf_balancer_training(t->state.balancer);
  *r = (alf_moe_step_record){.validation = NAN};
  alf_corpus_draw(t->corpus, &c->shape, c->seed, n, t->token);
  alf_status status =
      alf_moe_forward(t->state.model, ALF_MOE_TRAINING, t->token, &chooser, &r->loss, &r->auxiliary, err);
  if (status == ALF_OK)
    status = alf_moe_record(&t->state, c, n, err);
  if (status != ALF_OK)
    return status;
  update(t, r, n);
  if (!isfinite(r->loss) || !isfinite(r->gradient_norm))
    return alf_fail(err, ALF_ERANGE, "step %lld: the loss is %g, the gradient's norm %g: training has diverged",
                    (long long)n, r->loss, r->gradient_norm);
  if ((n + 1) % c->validate_every == 0 || n + 1 == c->steps)
    status = validate_apart(t, &r->validation, err);
  h->steps = n + 1;
  return status;
}

/* Forward two operations a weight that a token meets, and those of heads; twice that backward. */
double alf_trainer_operations(const alf_moe_shape *s)
{
  double width = s->width, embedding = s->vocabulary * width, norms = (2. * s->layers + 1) * width;
  double weights = (double)alf_moe_active_parameters(s) - embedding - norms;
  return 3 * (2 * weights * (double)alf_moe_tokens(s) + s->layers * alf_attention_operations(s));
}

static alf_status run(alf_trainer *t, alf_trainer_result *result, alf_error *err)
{
  const alf_moe_config *c = t->config;
  const alf_trainer_settings *s = t->settings;
  alf_moe_history *h = &t->state.history;
  alf_status status = ALF_OK;
  int64_t first = h->steps, tokens = alf_moe_tokens(&c->shape);
  double start = now();
  alf_crew_add_times(alf_trainer_crew(t), (double[ALF_MOE_PARTS]){0}); /* setting up does not count */
  while (status == ALF_OK && h->steps < c->steps && !(s->stop && s->stop())) {
    status = alf_trainer_step(t, err);
    if (status == ALF_OK && s->tick)
      s->tick(s->context, h, (h->steps - first) * tokens);
    if (status == ALF_OK && c->checkpoint_every && h->steps % c->checkpoint_every == 0)
      status = alf_checkpoint_write(&t->state, c, s->folder, err);
  }
  result->seconds = now() - start;
  alf_crew_add_times(alf_trainer_crew(t), t->part);
  memcpy(result->part, t->part, sizeof t->part);
  result->steps = h->steps - first;
  result->tokens = result->steps * tokens;
  result->floating_operations = (double)result->steps * alf_trainer_operations(&c->shape);
  return status;
}

static void conclude(const alf_trainer *t, alf_trainer_result *result)
{
  const alf_moe_history *h = &t->state.history;
  result->loss = h->steps ? h->step[h->steps - 1].loss : (double)NAN;
  result->validation = h->steps ? h->step[h->steps - 1].validation : (double)NAN;
  snprintf(result->other_core, sizeof result->other_core, "%s", t->state.other_core);
  result->complete = h->steps == t->config->steps;
  int64_t first = h->steps / 2 * h->layers, count = h->steps * h->layers - first;
  for (int64_t j = first; j < first + count; j++)
    result->mean_max_violation += h->layer[j].max_violation / (double)count;
}

/* What diverged is told with all that led there. */
static alf_status leave(const alf_trainer *t, alf_status status, alf_error *err)
{
  const char *folder = t->settings->folder;
  alf_error ignored;
  if (status == ALF_ERANGE)
    alf_moe_history_write(&t->state.history, t->config, folder, &ignored);
  if (status == ALF_OK)
    status = alf_checkpoint_write(&t->state, t->config, folder, err);
  if (status == ALF_OK)
    status = alf_moe_history_write(&t->state.history, t->config, folder, err);
  return status;
}

alf_status alf_train(const alf_trainer_settings *settings, alf_trainer_result *result, alf_error *err)
{
  alf_trainer *t;
  *result = (alf_trainer_result){0};
  result->loss = result->validation = (double)NAN;
  alf_status status = alf_trainer_alloc(&t, settings, err);
  if (status == ALF_OK) {
    status = leave(t, run(t, result, err), err);
    conclude(t, result);
  }
  if (settings->report)
    settings->report(settings->context, t ? &t->state.history : &(alf_moe_history){0});
  alf_trainer_free(t);
  return status;
}
