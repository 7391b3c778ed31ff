#include "routing/router.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "core/team.h"
#include "routing/lazy.h"
#include "routing/plain_route.h"
#include "routing/route_pass.h"

#if defined(__x86_64__)
extern const alf_route_kernel alf_route_avx512, alf_route_avx2;
#endif
extern const alf_route_kernel alf_route_plain;

const alf_route_kernel *const alf_route_kernels[] = {
#if defined(__x86_64__)
    &alf_route_avx512, &alf_route_avx2,
#endif
    &alf_route_plain, NULL};

const alf_route_kernel *alf_route_kernel_find(const char *name)
{
  for (const alf_route_kernel *const *kernel = alf_route_kernels; *kernel; kernel++)
    if ((*kernel)->runs_here() && (!name || !strcmp(name, (*kernel)->name)))
      return *kernel;
  return NULL;
}

enum { LEAST_PART = 512 }; /* tokens that are worth a thread */

struct alf_router {
  alf_router_settings settings;
  const alf_route_kernel *kernel;
  alf_team *team;
  alf_route_pass *pass;   /* one a thread */
  float *threshold[2];    /* T each: signs make loads swing with period two */
  void *shift;            /* padded, of the batch's type */
  alf_lazy *lazy;         /* NULL: eager */
  alf_plain_route *plain; /* what routes where scores are not γ + p; else NULL, and the rest is there */
  const alf_affinity *batch;
  const void *values; /* of the batch that was routed last */
  int64_t tokens;
  int kind; /* index of the kernel's functions */
  /* The work of one call */
  int64_t count; /* tokens of the list, or of all */
  bool listed;
};

static size_t width_of(alf_dtype dtype)
{
  return dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(int64_t);
}

/* What is behind a row's end never wins. */
static void pad_row(const alf_route_pass *p, alf_dtype dtype)
{
  for (int32_t k = p->experts; k < p->padded; k++) {
    if (dtype == ALF_FLOAT32)
      ((float *)p->row)[k] = -INFINITY;
    else if (dtype == ALF_FLOAT64)
      ((double *)p->row)[k] = (double)-INFINITY;
    else
      ((int64_t *)p->row)[k] = INT64_MIN / 2;
  }
}

static bool alloc_pass(alf_router *r, alf_route_pass *p, const alf_affinity *batch)
{
  int32_t padded = (batch->experts + ALF_ROUTE_PAD - 1) / ALF_ROUTE_PAD * ALF_ROUTE_PAD;
  size_t bytes = (size_t)padded * width_of(batch->dtype);
  *p = (alf_route_pass){.experts = batch->experts,
                        .topk = r->settings.topk,
                        .padded = padded,
                        .words = alf_selection_words(batch->experts)};
  p->row = malloc(bytes);
  p->score = malloc(bytes);
  p->key = malloc((size_t)padded * sizeof *p->key);
  p->picked = malloc((size_t)p->topk * sizeof *p->picked);
  p->load = malloc((size_t)p->words * 64 * sizeof *p->load);
  if (!p->row || !p->score || !p->key || !p->picked || !p->load)
    return false;
  pad_row(p, batch->dtype);
  return true;
}

static bool alloc_buffers(alf_router *r, const alf_affinity *batch)
{
  int size = alf_team_size(r->team);
  r->pass = calloc((size_t)size, sizeof *r->pass);
  for (int t = 0; r->pass && t < size; t++)
    if (!alloc_pass(r, &r->pass[t], batch))
      return false;
  for (int parity = 0; parity < 2; parity++) {
    r->threshold[parity] = malloc((size_t)batch->tokens * sizeof(float));
    for (int64_t i = 0; r->threshold[parity] && i < batch->tokens; i++)
      r->threshold[parity][i] = ALF_ROUTE_NO_GUESS;
  }
  r->shift = r->pass ? calloc((size_t)r->pass->padded, width_of(batch->dtype)) : NULL;
  return r->shift && r->threshold[0] && r->threshold[1];
}

alf_status alf_router_alloc(alf_router **out, const alf_affinity *batch, const alf_router_settings *settings,
                            alf_error *err)
{
  const alf_route_kernel *kernel = alf_route_kernel_find(settings->kernel);
  *out = NULL;
  if (!kernel)
    return alf_fail(err, ALF_EINVAL, "routing kernel '%s': does not run here", settings->kernel);
  alf_router *r = calloc(1, sizeof *r);
  if (!r)
    return alf_fail_memory(err, sizeof *r);
  *r = (alf_router){.settings = *settings, .kernel = kernel, .tokens = batch->tokens};
  r->kind = batch->dtype == ALF_FLOAT32 ? 0 : batch->dtype == ALF_FLOAT64 ? 1 : 2;
  if (alf_plain_route_is_needed(settings)) {
    alf_status status = alf_plain_route_alloc(&r->plain, batch, settings, err);
    *out = status == ALF_OK ? r : NULL;
    if (status != ALF_OK)
      alf_router_free(r);
    return status;
  }
  alf_status status = alf_team_alloc(&r->team, settings->threads > 0 ? settings->threads : 1, err);
  if (status == ALF_OK && !alloc_buffers(r, batch))
    status = alf_fail_memory(err, 2 * (unsigned long long)batch->tokens * sizeof(float));
  if (status == ALF_OK && !settings->eager && batch->tokens <= UINT32_MAX)
    status = alf_lazy_alloc(&r->lazy, batch, err);
  if (status == ALF_OK)
    *out = r;
  else
    alf_router_free(r);
  return status;
}

void alf_router_free(alf_router *r)
{
  if (!r)
    return;
  for (int t = 0; r->pass && t < alf_team_size(r->team); t++) {
    free(r->pass[t].row);
    free(r->pass[t].score);
    free(r->pass[t].key);
    free(r->pass[t].picked);
    free(r->pass[t].load);
  }
  free(r->pass);
  free(r->threshold[0]);
  free(r->threshold[1]);
  free(r->shift);
  alf_plain_route_free(r->plain);
  alf_lazy_free(r->lazy);
  alf_team_free(r->team);
  free(r);
}

/* The shift in the batch's type; returns the mean, in which no result depends on. */
static double set_shift(alf_router *r, const alf_affinity *batch, const int64_t *grid, const double *real)
{
  double sum = 0;
  for (int32_t k = 0; k < batch->experts; k++) {
    if (batch->dtype == ALF_FLOAT32)
      ((float *)r->shift)[k] = (float)real[k];
    else if (batch->dtype == ALF_FLOAT64)
      ((double *)r->shift)[k] = real[k];
    else
      ((int64_t *)r->shift)[k] = grid[k];
    sum += batch->dtype == ALF_DYADIC ? (double)grid[k] : real[k];
  }
  return sum / batch->experts;
}

static void run_part(void *context, int part)
{
  alf_router *r = context;
  alf_route_pass *p = &r->pass[part];
  int parts = alf_team_size(r->team);
  if (r->count < (int64_t)parts * LEAST_PART)
    parts = 1;
  memset(p->load, 0, (size_t)p->words * 64 * sizeof *p->load);
  if (part >= parts)
    return;
  int64_t first = r->count * part / parts, count = r->count * (part + 1) / parts - first;
  if (r->listed)
    r->kernel->touch[r->kind](p, alf_lazy_tokens(r->lazy) + first, count);
  else
    r->kernel->route[r->kind](p, first, count);
}

/* Routes the tokens that are meant, adds up loads from `load`, and returns the largest score where it was measured. */
static double run(alf_router *r, const alf_route *before, alf_route *out, const alf_route_pass *call)
{
  int size = alf_team_size(r->team);
  double largest = 0;
  for (int t = 0; t < size; t++) {
    alf_route_pass *p = &r->pass[t];
    p->affinity = r->values;
    p->shift = r->shift;
    p->threshold = call->threshold;
    p->common = call->common;
    p->chosen = out->chosen;
    p->before = before->chosen;
    p->bucket = call->bucket;
    p->largest = 0;
  }
  if (r->count < (int64_t)size * LEAST_PART)
    run_part(r, 0), size = 1;
  else
    alf_team_run(r->team, run_part, r);
  for (int32_t k = 0; k < r->pass->experts; k++) {
    int64_t load = r->listed ? before->load[k] : 0;
    for (int t = 0; t < size; t++)
      load += r->pass[t].load[k];
    out->load[k] = load;
  }
  for (int t = 0; t < size; t++)
    largest = fmax(largest, r->pass[t].largest);
  return largest;
}

/* The front of a list that was sorted at the snapshot; all other tokens have the selection they had then. */
static bool route_front(alf_router *r, const alf_route *before, alf_route *out, const alf_route_pass *call,
                        const int64_t *grid, const double *real)
{
  bool first = false;
  int64_t front = alf_lazy_front(r->lazy, grid, real, &first);
  if (front < 0)
    return false;
  if (first)
    memcpy(out->chosen, before->chosen, (size_t)r->tokens * (size_t)r->pass->words * sizeof *out->chosen);
  r->listed = true;
  r->count = front;
  run(r, before, out, call);
  return true;
}

int64_t alf_router_route(alf_router *r, const alf_affinity *batch, const int64_t *grid, const double *real, int64_t n,
                         alf_route route[2])
{
  alf_route *out = &route[n % 2], *before = &route[(n + 1) % 2];
  if (r->plain) {
    alf_plain_route_tokens(r->plain, batch, grid, real, out->chosen);
    memset(out->load, 0, (size_t)batch->experts * sizeof *out->load);
    alf_count_loads(out->chosen, batch->tokens, batch->experts, out->load);
    return r->tokens;
  }
  alf_route_pass call = {.common = set_shift(r, batch, grid, real), .threshold = r->threshold[n % 2]};
  if (r->lazy && (n == 0 || batch != r->batch || batch->values != r->values))
    alf_lazy_forget(r->lazy);
  r->batch = batch;
  r->values = batch->values;
  if (r->lazy && route_front(r, before, out, &call, grid, real))
    return r->count;
  r->listed = false;
  r->count = r->tokens;
  call.bucket = r->lazy ? alf_lazy_wants(r->lazy) : NULL;
  double largest = run(r, before, out, &call);
  if (n == 0) /* the best guess there is */
    memcpy(r->threshold[1], r->threshold[0], (size_t)r->tokens * sizeof *r->threshold[0]);
  if (call.bucket)
    alf_lazy_take(r->lazy, grid, real, largest);
  return r->tokens;
}
