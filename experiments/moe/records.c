#include "moe/records.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "alf/certificate.h"
#include "alf/face.h"
#include "alf/routing.h"
#include "alf/solver.h"

/* The optimum of what a layer's router saw. */
typedef struct layer_optimum {
  alf_affinity dyadic;
  alf_problem problem;
  alf_solution solution;
  alf_face face;
  double objective; /* NaN: not certified, and there is no face */
} layer_optimum;

static void free_optimum(layer_optimum *o)
{
  alf_face_free(&o->face);
  alf_solution_free(&o->solution);
  alf_affinity_free(&o->dyadic);
}

static alf_status find_optimum(const alf_step *step, layer_optimum *o, alf_error *err)
{
  alf_solve_settings settings = {.threads = 1};
  alf_certificate certificate = {0};
  *o = (layer_optimum){.problem = {&o->dyadic, step->topk, ALF_FRACTIONAL}, .objective = NAN};
  alf_status status = alf_affinity_convert(step->batch_after, ALF_DYADIC, &o->dyadic, err);
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("auto"), &o->problem, &settings, &o->solution, err);
  if (status == ALF_OK)
    status = alf_certify(&o->problem, &o->solution, &certificate, err);
  if (status != ALF_OK || !certificate.certified)
    return status;
  o->objective = certificate.objective;
  return alf_face_find(&o->problem, &o->solution, &settings, &o->face, err);
}

/* Where the shift lies relative to all optimal prices. Pairs with expert 0 are looked at, as prices are only given up to
   a common shift. */
static void place_shift(const double *shift, const layer_optimum *o, alf_moe_layer_record *r)
{
  int32_t experts = o->face.experts, grid_bits = o->dyadic.grid_bits;
  double centre[ALF_MAX_EXPERTS];
  int32_t inside = 0;
  r->outside = 0;
  for (int32_t k = 0; k < experts; k++) {
    alf_price_interval interval = alf_face_interval(&o->face, 0, k);
    double low = interval.low == INT64_MIN ? -(double)INFINITY : ldexp((double)interval.low, -grid_bits);
    double high = interval.high == INT64_MAX ? (double)INFINITY : ldexp((double)interval.high, -grid_bits);
    double outside = fmax(0, fmax(low - (shift[k] - shift[0]), shift[k] - shift[0] - high));
    inside += k > 0 && outside == 0;
    r->outside = fmax(r->outside, outside);
    centre[k] = ldexp((double)o->face.centre[k], -grid_bits);
  }
  r->inside = (double)inside / (experts - 1);
  r->correlation = gsl_stats_correlation(shift, 1, centre, 1, (size_t)experts);
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
  layer_optimum optimum;
  alf_status status = find_optimum(step, &optimum, err);
  r->optimum = optimum.objective;
  if (status == ALF_OK && !step->not_topk && isfinite(r->optimum)) {
    r->gap = dual - r->optimum;
    place_shift(step->shift_after.real, &optimum, r);
  }
  free_optimum(&optimum);
  return status;
}

/* A step's layers, and where the reasons go for which one cannot be measured. */
typedef struct measuring {
  alf_trainer_state *state;
  int64_t n;
} measuring;

static alf_moe_layer_record *record_of(const alf_moe_history *h, int64_t n, int64_t layer)
{
  return &h->layer[n * h->layers + layer];
}

static void record_layer(const alf_trainer_state *s, int32_t layer, int64_t n)
{
  const alf_moe_history *h = &s->history;
  const alf_step *step = alf_balancer_step(s->balancer, layer);
  alf_moe_layer_record *r = record_of(h, n, layer);
  double slots = (double)(step->topk * step->batch_after->tokens);
  int64_t most = 0;
  *r = (alf_moe_layer_record){
      .objective = NAN, .optimum = NAN, .gap = NAN, .inside = NAN, .outside = NAN, .correlation = NAN};
  for (int32_t k = 0; k < h->experts; k++) {
    int64_t load = step->load_after[k];
    most = load > most ? load : most;
    r->dead += load == 0;
    alf_moe_history_row(h, h->load, layer, n)[k] = (double)load;
    alf_moe_history_row(h, h->shift, layer, n)[k] = step->shift_after.real[k];
  }
  r->max_violation = (double)most * h->experts / slots - 1;
  r->entropy = entropy_of(step->load_after, h->experts, slots);
}

static void measure_layer(void *opaque, int64_t layer, int member)
{
  const measuring *x = opaque;
  alf_trainer_state *s = x->state;
  measure_values(alf_balancer_step(s->balancer, (int32_t)layer), record_of(&s->history, x->n, layer), &s->cause[layer]);
  alf_crew_spent(alf_moe_crew(s->model), member, ALF_PART_OPTIMUM);
}

static alf_status measure(alf_trainer_state *s, int64_t n, alf_error *err)
{
  int32_t layers = s->history.layers;
  for (int32_t l = 0; l < layers; l++)
    s->cause[l] = (alf_error){0};
  alf_crew_each(alf_moe_crew(s->model), layers, measure_layer, &(measuring){s, n});
  for (int32_t l = 0; l < layers; l++)
    if (s->cause[l].code != ALF_OK)
      return alf_fail(err, s->cause[l].code, "step %lld, layer %d: %.400s", (long long)n, l, s->cause[l].text);
  return ALF_OK;
}

static void trace(alf_trainer_state *s, const alf_moe_config *c, int64_t n)
{
  alf_moe_history *h = &s->history;
  if (h->traces == c->traces || c->trace[h->traces] != n)
    return;
  for (int32_t l = 0; l < h->layers; l++) {
    const alf_real *affinity = alf_moe_affinity(s->model, l);
    float *to = alf_moe_history_trace(h, l, h->traces);
    for (int64_t j = 0; j < h->tokens * h->experts; j++)
      to[j] = (float)affinity[j];
  }
  h->traces++;
}

alf_status alf_moe_record(alf_trainer_state *s, const alf_moe_config *c, int64_t n, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int32_t l = 0; l < s->history.layers; l++)
    record_layer(s, l, n);
  if (n % c->measure_every == 0)
    status = measure(s, n, err);
  if (status == ALF_OK)
    trace(s, c, n);
  return status;
}
