#include "bench/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "core/memory.h"

typedef uint64_t wide __attribute__((vector_size(64), aligned(8), may_alias));

/* noinline: a result that nobody asks for must not be left out. */
ALF_HOT __attribute__((noinline)) uint64_t alf_bench_read(const void *values, size_t bytes)
{
  const char *at = values, *end = at + bytes / 256 * 256;
  wide a = {0}, b = {0}, c = {0}, d = {0};
  for (; at < end; at += 256) {
    a ^= *(const wide *)(const void *)at;
    b ^= *(const wide *)(const void *)(at + 64);
    c ^= *(const wide *)(const void *)(at + 128);
    d ^= *(const wide *)(const void *)(at + 192);
  }
  uint64_t all = 0;
  a ^= b ^ c ^ d;
  for (int j = 0; j < 8; j++)
    all ^= a[j];
  return all;
}

struct alf_bench_loop {
  const alf_affinity *batch;
  alf_bench_steps steps;
  alf_bench_select select;
  int64_t n;
  int32_t words;
  void *shift, *score; /* E, of the batch's type */
  void *top;           /* K scores, falling, and */
  int32_t *at;         /* whose they are */
  uint64_t *chosen;
  int64_t *load;
  alf_memory memory;
};

#define TYPE                single
#define NUM                 float
#define LOWEST              (-INFINITY)
#define MOVED(shift, delta) (float)((double)(shift) + (delta))
#include "bench/loop_template.h"

#define TYPE                two
#define NUM                 double
#define LOWEST              ((double)-INFINITY)
#define MOVED(shift, delta) ((shift) + (delta))
#include "bench/loop_template.h"

#define TYPE                grid
#define NUM                 int64_t
#define LOWEST              INT64_MIN
#define MOVED(shift, delta) ((shift) + (int64_t)nearbyint(ldexp(delta, loop->batch->grid_bits)))
#include "bench/loop_template.h"

static void (*const route[])(alf_bench_loop *) = {
    [ALF_FLOAT32] = route_single, [ALF_FLOAT64] = route_two, [ALF_DYADIC] = route_grid};
static void (*const move[])(alf_bench_loop *, int32_t,
                            double) = {[ALF_FLOAT32] = move_single, [ALF_FLOAT64] = move_two, [ALF_DYADIC] = move_grid};

static void route_all(alf_bench_loop *loop)
{
  memset(loop->chosen, 0, (size_t)loop->batch->tokens * (size_t)loop->words * sizeof *loop->chosen);
  memset(loop->load, 0, (size_t)loop->batch->experts * sizeof *loop->load);
  route[loop->batch->dtype](loop);
}

alf_status alf_bench_loop_alloc(alf_bench_loop **out, const alf_affinity *batch, const alf_bench_steps *steps,
                                alf_bench_select select, alf_error *err)
{
  alf_bench_loop *loop = calloc(1, sizeof *loop);
  *out = NULL;
  if (!loop)
    return alf_fail_memory(err, sizeof *loop);
  *loop = (alf_bench_loop){.batch = batch, .steps = *steps, .select = select, .words = (batch->experts + 63) / 64};
  size_t experts = (size_t)batch->experts, topk = (size_t)steps->topk, width = sizeof(int64_t);
  loop->shift = alf_memory_take(&loop->memory, experts, width);
  loop->score = alf_memory_take(&loop->memory, experts, width);
  loop->top = alf_memory_take(&loop->memory, topk, width);
  loop->at = alf_memory_take(&loop->memory, topk, sizeof *loop->at);
  loop->chosen = alf_memory_take(&loop->memory, (size_t)batch->tokens * (size_t)loop->words, sizeof *loop->chosen);
  loop->load = alf_memory_take(&loop->memory, experts, sizeof *loop->load);
  alf_status status = alf_memory_check(&loop->memory, err);
  if (status == ALF_OK) {
    route_all(loop);
    *out = loop;
  } else {
    alf_bench_loop_free(loop);
  }
  return status;
}

void alf_bench_loop_step(alf_bench_loop *loop)
{
  int32_t experts = loop->batch->experts;
  double size = loop->steps.u * loop->steps.schedule->factor(++loop->n, NULL);
  for (int32_t k = 0; k < experts; k++) {
    int64_t deficit = loop->steps.topk * loop->batch->tokens - experts * loop->load[k];
    move[loop->batch->dtype](loop, k, deficit > 0 ? size : deficit < 0 ? -size : 0);
  }
  route_all(loop);
}

const uint64_t *alf_bench_loop_chosen(const alf_bench_loop *loop)
{
  return loop->chosen;
}

const int64_t *alf_bench_loop_load(const alf_bench_loop *loop)
{
  return loop->load;
}

void alf_bench_loop_free(alf_bench_loop *loop)
{
  if (!loop)
    return;
  alf_memory_free(&loop->memory);
  free(loop);
}
