#include "alf/regret.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alf/parallel.h"
#include "regret_run.h"

/* Everything that the runs share. */
typedef struct contest {
  const alf_regret_settings *settings;
  alf_regret *regret;
  alf_status *status; /* one a run */
  alf_error *err;     /* one a run */
  double *noise;      /* runs × (E×E + E + 1): sums of the gradient's products, of the gradient, and their number */
  double *gradient;   /* as regret->expected: means of ‖g‖² between checkpoints */
  pthread_mutex_t lock;
  int64_t done;
} contest;

static size_t noise_size(int32_t experts)
{
  return (size_t)experts * (size_t)experts + (size_t)experts + 1;
}

static void count_batches(void *opaque, int64_t batches)
{
  contest *c = opaque;
  pthread_mutex_lock(&c->lock);
  c->done += batches;
  if (c->settings->tick)
    c->settings->tick(c->settings->context, c->done);
  pthread_mutex_unlock(&c->lock);
}

/* Where the numbers of run r go. */
static alf_regret_slots slots_of(const contest *c, int64_t r)
{
  const alf_regret *g = c->regret;
  int64_t first = r * g->checkpoints, stride = g->repetitions * g->checkpoints;
  return (alf_regret_slots){.stride = stride,
                            .expected = g->expected ? g->expected + first : NULL,
                            .plain = g->plain ? g->plain + first : NULL,
                            .dynamic = g->dynamic ? g->dynamic + first : NULL,
                            .gradient = c->gradient + first,
                            .single_stride = g->repetitions,
                            .hindsight = g->hindsight ? g->hindsight + r : NULL,
                            .farthest = g->farthest + r,
                            .residual = g->residual ? g->residual + r : NULL,
                            .rounding = g->rounding ? g->rounding + r : NULL,
                            .noise = c->noise ? c->noise + (size_t)r * noise_size(g->experts) : NULL};
}

static void run(void *opaque, int64_t r)
{
  contest *c = opaque;
  alf_regret_slots slots = slots_of(c, r);
  alf_regret_clock clock = {c->regret->batches, c->regret->checkpoints, count_batches, c};
  c->status[r] = alf_regret_run_once(c->settings, r, &clock, &slots, &c->err[r]);
}

/* N at the checkpoints: evenly spaced in ln N, each once, N itself last. */
static void place_checkpoints(alf_regret *g, int64_t steps)
{
  int64_t count = 0, wanted = g->checkpoints;
  for (int64_t j = 0; j < wanted; j++) {
    int64_t at = llrint(exp(log((double)steps) * (double)(j + 1) / (double)wanted));
    if (count == 0 || at > g->batches[count - 1])
      g->batches[count++] = at;
  }
  g->batches[count - 1] = steps;
  g->checkpoints = count;
}

static double *numbers(size_t count, bool *complete)
{
  double *memory = calloc(count, sizeof *memory);
  *complete = *complete && memory;
  return memory;
}

static alf_status alloc_results(contest *c, alf_error *err)
{
  alf_regret *g = c->regret;
  const alf_regret_settings *s = c->settings;
  bool complete = true;
  g->batches = calloc((size_t)g->checkpoints, sizeof *g->batches);
  if (!g->batches)
    return alf_fail_memory(err, (size_t)g->checkpoints * sizeof *g->batches);
  place_checkpoints(g, s->steps);
  size_t singles = (size_t)g->cells * (size_t)g->repetitions, count = singles * (size_t)g->checkpoints;
  if (s->optimum) {
    g->expected = numbers(count, &complete);
    g->plain = numbers(count, &complete);
    g->noise = numbers((size_t)g->experts * (size_t)g->experts, &complete);
    c->noise = numbers((size_t)g->repetitions * noise_size(g->experts), &complete);
  }
  if (s->dynamic)
    g->dynamic = numbers(count, &complete);
  if (s->hindsight) {
    g->hindsight = numbers(singles, &complete);
    g->residual = numbers((size_t)g->repetitions, &complete);
    g->rounding = numbers((size_t)g->repetitions, &complete);
  }
  g->farthest = numbers(singles, &complete);
  c->gradient = numbers(count, &complete);
  c->status = calloc((size_t)g->repetitions, sizeof *c->status);
  c->err = calloc((size_t)g->repetitions, sizeof *c->err);
  return complete && c->status && c->err ? ALF_OK : alf_fail_memory(err, count * sizeof(double));
}

/* Moves the numbers of complete runs to the front of each of some parts (cells), and forgets the others. */
static void pack(double *array, const contest *c, int parts, int64_t width)
{
  const alf_regret *g = c->regret;
  double *to = array;
  for (int cell = 0; array && cell < parts; cell++)
    for (int64_t r = 0; r < g->repetitions; r++) {
      if (c->status[r] != ALF_OK)
        continue;
      memmove(to, array + (cell * g->repetitions + r) * width, (size_t)width * sizeof *to);
      to += width;
    }
}

static void sum_noise(contest *c)
{
  alf_regret *g = c->regret;
  size_t experts = (size_t)g->experts, squares = experts * experts;
  double total = 0;
  for (int64_t r = 0; c->noise && r < g->repetitions; r++) {
    const double *own = c->noise + (size_t)r * noise_size(g->experts);
    if (c->status[r] != ALF_OK)
      continue;
    total += own[squares + experts];
    for (size_t j = 0; j < squares; j++)
      g->noise[j] += own[j];
  }
  for (size_t j = 0; c->noise && j < squares; j++)
    g->noise[j] /= total; /* the mean is 0 at p* */
}

static void find_gradient_square(contest *c, int64_t complete)
{
  alf_regret *g = c->regret;
  for (int cell = 0; cell < g->cells; cell++)
    for (int64_t j = 0; j < g->checkpoints; j++) {
      double sum = 0;
      for (int64_t r = 0; r < complete; r++)
        sum += c->gradient[(cell * complete + r) * g->checkpoints + j];
      g->gradient_square = fmax(g->gradient_square, sum / (double)complete);
    }
}

/* The first error that is none of being interrupted; else whether any run is complete. */
static alf_status conclude(contest *c, int64_t *complete, alf_error *err)
{
  *complete = 0;
  for (int64_t r = 0; r < c->regret->repetitions; r++) {
    if (c->status[r] != ALF_OK && c->status[r] != ALF_EINTERRUPTED)
      return alf_fail(err, c->status[r], "%s", c->err[r].text);
    *complete += c->status[r] == ALF_OK;
  }
  return *complete ? ALF_OK : alf_fail(err, ALF_EINTERRUPTED, "interrupted before one run was complete");
}

static void gather(contest *c, int64_t complete)
{
  alf_regret *g = c->regret;
  sum_noise(c);
  pack(g->expected, c, g->cells, g->checkpoints);
  pack(g->plain, c, g->cells, g->checkpoints);
  pack(g->dynamic, c, g->cells, g->checkpoints);
  pack(c->gradient, c, g->cells, g->checkpoints);
  pack(g->hindsight, c, g->cells, 1);
  pack(g->farthest, c, g->cells, 1);
  pack(g->residual, c, 1, 1);
  pack(g->rounding, c, 1, 1);
  find_gradient_square(c, complete);
  g->repetitions = complete;
}

static alf_status describe(alf_regret *g, const alf_regret_settings *s, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_source_open(&source, s->input, s->seed, err);
  if (status != ALF_OK)
    return status;
  const alf_source_info *info = alf_source_describe(source);
  *g = (alf_regret){.cells = s->cells,
                    .experts = info->experts,
                    .tokens = info->tokens,
                    .repetitions = s->repetitions,
                    .checkpoints = s->checkpoints};
  alf_affinity shape = {.tokens = info->tokens, .experts = info->experts};
  status = alf_check_topk(&shape, s->topk, err);
  alf_source_close(source);
  return status;
}

alf_status alf_regret_run(alf_regret *regret, const alf_regret_settings *settings, alf_error *err)
{
  contest c = {.settings = settings, .regret = regret};
  int64_t complete = 0;
  alf_status status = describe(regret, settings, err);
  if (status != ALF_OK)
    return status;
  pthread_mutex_init(&c.lock, NULL);
  status = alloc_results(&c, err);
  if (status == ALF_OK) {
    alf_parallel_for(settings->repetitions, settings->threads, run, &c);
    status = conclude(&c, &complete, err);
  }
  if (status == ALF_OK)
    gather(&c, complete);
  else
    alf_regret_free(regret);
  free(c.status);
  free(c.err);
  free(c.noise);
  free(c.gradient);
  pthread_mutex_destroy(&c.lock);
  return status;
}

void alf_regret_free(alf_regret *regret)
{
  if (!regret)
    return;
  free(regret->batches);
  free(regret->expected);
  free(regret->plain);
  free(regret->dynamic);
  free(regret->hindsight);
  free(regret->farthest);
  free(regret->noise);
  free(regret->residual);
  free(regret->rounding);
  *regret = (alf_regret){0};
}
