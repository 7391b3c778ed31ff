#include "moe/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alf/certificate.h"
#include "alf/new_file.h"
#include "alf/routing.h"
#include "alf/solver.h"
#include "moe/adam.h"
#include "moe/checkpoint.h"
#include "moe/corpus.h"

typedef struct trainer {
  const alf_trainer_settings *settings;
  const alf_moe_config *config;
  alf_corpus corpus;
  alf_trainer_state state;
  int32_t *token; /* sequences × (S + 1) */
} trainer;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void free_trainer(trainer *t)
{
  alf_corpus_free(&t->corpus);
  alf_trainer_state_free(&t->state);
  free(t->token);
}

static alf_status set_up(trainer *t, alf_error *err)
{
  const alf_moe_config *c = t->config;
  alf_status status = alf_corpus_read(&t->corpus, c->text, c->validation, c->shape.context, err);
  if (status == ALF_OK)
    status = alf_trainer_state_alloc(&t->state, c, t->settings->threads, err);
  t->token = malloc((size_t)c->shape.sequences * (size_t)(c->shape.context + 1) * sizeof *t->token);
  if (status == ALF_OK && !t->token)
    status = alf_fail(err, ALF_ENOMEM, "out of memory");
  if (status == ALF_OK && t->settings->resume)
    status = alf_checkpoint_read(&t->state, c, t->settings->folder, err);
  return status;
}

/* The certified optimum of what a layer's router saw. */
static alf_status find_optimum(const alf_step *step, double *optimum, alf_error *err)
{
  alf_affinity dyadic = {0};
  alf_problem problem = {&dyadic, step->topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = 1};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_affinity_convert(step->batch_after, ALF_DYADIC, &dyadic, err);
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("auto"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  *optimum = certificate.certified ? certificate.objective : NAN;
  alf_solution_free(&solution);
  alf_affinity_free(&dyadic);
  return status;
}

static double entropy_of(const int64_t *load, int32_t experts, double slots)
{
  double sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum -= load[k] ? (double)load[k] / slots * log((double)load[k] / slots) : 0;
  return sum / log(experts);
}

static double objective_of(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  double sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const uint64_t *row = step->chosen_after + i * words;
    for (int32_t k = alf_next_expert(row, experts, 0); k < experts; k = alf_next_expert(row, experts, k + 1))
      sum += alf_affinity_get(batch, i, k);
  }
  return sum;
}

/* Where the shift is added, D(p) is what the routing attains. */
static alf_status measure_values(const alf_step *step, alf_moe_layer_record *r, alf_error *err)
{
  double target = (double)(step->topk * step->batch_after->tokens) / step->batch_after->experts;
  r->objective = objective_of(step);
  double dual = r->objective;
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    dual += step->shift_after.real[k] * ((double)step->load_after[k] - target);
  alf_status status = find_optimum(step, &r->optimum, err);
  r->gap = step->not_topk ? (double)NAN : dual - r->optimum;
  return status;
}

static alf_status record_layer(trainer *t, int32_t layer, int64_t n, alf_error *err)
{
  alf_moe_history *h = &t->state.history;
  const alf_step *step = alf_balancer_step(t->state.balancer, layer);
  alf_moe_layer_record *r = &h->layer[n * h->layers + layer];
  double slots = (double)(step->topk * step->batch_after->tokens);
  int64_t most = 0;
  *r = (alf_moe_layer_record){.objective = NAN, .optimum = NAN, .gap = NAN};
  for (int32_t k = 0; k < h->experts; k++) {
    int64_t load = step->load_after[k];
    most = load > most ? load : most;
    r->dead += load == 0;
    alf_moe_history_row(h, h->load, layer, n)[k] = (double)load;
    alf_moe_history_row(h, h->shift, layer, n)[k] = step->shift_after.real[k];
  }
  r->max_violation = (double)most * h->experts / slots - 1;
  r->entropy = entropy_of(step->load_after, h->experts, slots);
  return n % t->config->measure_every == 0 ? measure_values(step, r, err) : ALF_OK;
}

static void trace(trainer *t, int64_t n)
{
  alf_moe_history *h = &t->state.history;
  if (h->traces == t->config->traces || t->config->trace[h->traces] != n)
    return;
  for (int32_t l = 0; l < h->layers; l++) {
    const alf_real *affinity = alf_moe_affinity(t->state.model, l);
    float *to = alf_moe_history_trace(h, l, h->traces);
    for (int64_t j = 0; j < h->tokens * h->experts; j++)
      to[j] = (float)affinity[j];
  }
  h->traces++;
}

/* Mean loss over the first validation batches, with the shift as it is. */
static alf_status validate(trainer *t, double *loss, alf_error *err)
{
  alf_moe_chooser chooser = alf_balancer_evaluation(t->state.balancer);
  alf_status status = ALF_OK;
  double sum = 0;
  for (int64_t i = 0; status == ALF_OK && i < t->config->validation_batches; i++) {
    double own, auxiliary;
    alf_corpus_validation(&t->corpus, &t->config->shape, i, t->token);
    status = alf_moe_forward(t->state.model, ALF_MOE_EVALUATION, t->token, &chooser, &own, &auxiliary, err);
    sum += own;
  }
  *loss = sum / (double)t->config->validation_batches;
  return status;
}

static void update(trainer *t, alf_moe_step_record *r, int64_t n)
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
  r->gradient_norm = alf_adam_step(&adam, alf_moe_team(t->state.model), &c->shape, n + 1,
                                   alf_moe_parameter(t->state.model), alf_moe_gradient(t->state.model));
}

static alf_status train_step(trainer *t, int64_t n, alf_error *err)
{
  const alf_moe_config *c = t->config;
  alf_moe_history *h = &t->state.history;
  alf_moe_step_record *r = &h->step[n];
  alf_moe_chooser chooser = alf_balancer_training(t->state.balancer);
  *r = (alf_moe_step_record){.validation = NAN};
  alf_corpus_draw(&t->corpus, &c->shape, c->seed, n, t->token);
  alf_status status =
      alf_moe_forward(t->state.model, ALF_MOE_TRAINING, t->token, &chooser, &r->loss, &r->auxiliary, err);
  for (int32_t l = 0; status == ALF_OK && l < h->layers; l++)
    status = record_layer(t, l, n, err);
  if (status != ALF_OK)
    return status;
  trace(t, n);
  update(t, r, n);
  if (!isfinite(r->loss) || !isfinite(r->gradient_norm))
    return alf_fail(err, ALF_ERANGE, "step %lld: the loss is %g, the gradient's norm %g: training has diverged",
                    (long long)n, r->loss, r->gradient_norm);
  if ((n + 1) % c->validate_every == 0 || n + 1 == c->steps)
    status = validate(t, &r->validation, err);
  h->steps = n + 1;
  return status;
}

/* Matrix products of a token forward, twice that backward: two operations a weight that is met, and attention's. */
static double operations_of_token(const alf_moe_shape *s)
{
  double weights = (double)alf_moe_active_parameters(s) - (double)s->vocabulary * s->width;
  return 3 * 2 * (weights + 2. * s->layers * s->context * s->width);
}

static alf_status run(trainer *t, alf_trainer_result *result, alf_error *err)
{
  const alf_moe_config *c = t->config;
  const alf_trainer_settings *s = t->settings;
  alf_moe_history *h = &t->state.history;
  alf_status status = ALF_OK;
  int64_t first = h->steps, tokens = alf_moe_tokens(&c->shape);
  double start = now();
  while (status == ALF_OK && h->steps < c->steps && !(s->stop && s->stop())) {
    status = train_step(t, h->steps, err);
    if (status == ALF_OK && s->tick)
      s->tick(s->context, h, (h->steps - first) * tokens);
    if (status == ALF_OK && c->checkpoint_every && h->steps % c->checkpoint_every == 0)
      status = alf_checkpoint_write(&t->state, c, s->folder, err);
  }
  result->seconds = now() - start;
  result->steps = h->steps - first;
  result->tokens = result->steps * tokens;
  result->floating_operations = (double)result->tokens * operations_of_token(&c->shape);
  return status;
}

static void conclude(const trainer *t, alf_trainer_result *result)
{
  const alf_moe_history *h = &t->state.history;
  result->loss = h->steps ? h->step[h->steps - 1].loss : (double)NAN;
  result->validation = h->steps ? h->step[h->steps - 1].validation : (double)NAN;
  result->complete = h->steps == t->config->steps;
  int64_t first = h->steps / 2 * h->layers, count = h->steps * h->layers - first;
  for (int64_t j = first; j < first + count; j++)
    result->mean_max_violation += h->layer[j].max_violation / (double)count;
}

alf_status alf_train(const alf_trainer_settings *settings, alf_trainer_result *result, alf_error *err)
{
  trainer t = {.settings = settings, .config = settings->config};
  *result = (alf_trainer_result){0};
  alf_status status = set_up(&t, err);
  if (status == ALF_OK)
    status = run(&t, result, err);
  if (status == ALF_OK)
    status = alf_checkpoint_write(&t.state, t.config, settings->folder, err);
  if (status == ALF_OK)
    status = alf_moe_history_write(&t.state.history, t.config, settings->folder, err);
  conclude(&t, result);
  if (settings->report)
    settings->report(settings->context, &t.state.history);
  free_trainer(&t);
  return status;
}
