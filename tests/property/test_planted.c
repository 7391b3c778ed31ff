/* Planted optima: instances built from chosen prices and a routing of chosen loads, so that the optimum is known in
   closed form at any size. With γ_ik = base_i − p_k + a for the chosen cells of a token and base_i − p_k − b for the
   others, a, b >= 0, the routing is Top-K of γ + p, and so optimal for its own loads. */
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/solver.h"

typedef enum load_style { EQUAL, ROUNDED, FRACTIONAL, DEALT, EXTREME } load_style;

typedef struct plan {
  int64_t tokens;
  int32_t experts, topk;
  load_style loads;
  int64_t margin; /* a and b are 0..margin−1 grid units: 1 ties every cell */
  int64_t prices; /* |p_k| <= this */
} plan;

typedef struct planted {
  alf_affinity batch;
  alf_problem problem;
  bool *chosen;     /* T×E */
  int64_t *load;    /* E, slots of `chosen` */
  int64_t *price;   /* E */
  alf_int128 value; /* the optimum times E, grid units */
} planted;

static uint64_t mix(uint64_t x)
{
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static int64_t draw(uint64_t what, uint64_t index, int64_t count)
{
  return (int64_t)(mix(mix(what) + index) % (uint64_t)count);
}

/* Tokens that are chosen for: with FRACTIONAL the last ones are tied among all experts and have K/E of each. */
static int64_t routed_tokens(const plan *p)
{
  return p->loads == FRACTIONAL ? p->tokens / p->experts * p->experts : p->tokens;
}

static void deal_loads(const plan *p, int64_t *load)
{
  int64_t slots = p->topk * routed_tokens(p), experts = p->experts;
  for (int32_t k = 0; k < experts; k++)
    load[k] = p->loads < DEALT ? slots / experts + (k < slots % experts) : 0;
  for (int32_t k = 0; k < p->topk && p->loads == EXTREME; k++) /* K experts have every token, the others none */
    load[k * experts / p->topk] = p->tokens;
  for (uint64_t n = 0; p->loads == DEALT && slots > 0; n++) {
    int64_t k = draw(1, n, experts), piece = 1 + draw(2, n, p->tokens / 4 + 1), room = p->tokens - load[k];
    piece = piece < room ? piece : room;
    piece = piece < slots ? piece : slots;
    load[k] += piece;
    slots -= piece;
  }
}

/* Where loads may be rounded up, experts with the larger one must not have a positive price, nor the others a negative
   one. */
static void draw_prices(const plan *p, planted *out)
{
  int64_t least = p->topk * p->tokens / p->experts;
  for (int32_t k = 0; k < p->experts; k++) {
    int64_t size = draw(3, (uint64_t)k, p->prices + 1);
    bool negative = p->loads == ROUNDED ? out->load[k] > least : draw(4, (uint64_t)k, 2);
    out->price[k] = negative ? -size : size;
  }
}

/* Slots go round the tokens expert by expert: no token gets an expert twice, for no load is above T. */
static void route(const plan *p, planted *out)
{
  int64_t next = 0, tokens = routed_tokens(p);
  for (int32_t k = 0; k < p->experts; k++)
    for (int64_t n = 0; n < out->load[k]; n++, next++)
      out->chosen[next % tokens * p->experts + k] = true;
}

/* Two tokens exchange experts a and b when each has the one that the other lacks: loads stay. */
static void shuffle(const plan *p, planted *out)
{
  for (uint64_t n = 0; n < (uint64_t)(4 * p->tokens); n++) {
    bool *one = out->chosen + draw(5, n, routed_tokens(p)) * p->experts;
    bool *other = out->chosen + draw(6, n, routed_tokens(p)) * p->experts;
    int64_t a = draw(7, n, p->experts), b = draw(8, n, p->experts);
    if (!one[a] || one[b] || other[a] || !other[b])
      continue;
    one[a] = other[b] = false;
    one[b] = other[a] = true;
  }
}

static void write_cells(const plan *p, planted *out)
{
  int64_t *cell = out->batch.storage;
  for (int64_t i = 0; i < p->tokens; i++) {
    int64_t base = draw(9, (uint64_t)i, INT64_C(1) << 36);
    bool tied = i >= routed_tokens(p);
    for (int32_t k = 0; k < p->experts; k++, cell++) {
      int64_t at = i * p->experts + k, extra = tied ? 0 : draw(10, (uint64_t)at, p->margin);
      *cell = base - out->price[k] + (out->chosen[at] ? extra : -extra);
      out->value += (alf_int128)*cell * (tied ? p->topk : out->chosen[at] ? p->experts : 0);
    }
  }
}

static void plant(const plan *p, planted *out)
{
  alf_error err = {0};
  size_t experts = (size_t)p->experts;
  *out = (planted){0};
  assert_ok(alf_affinity_alloc(&out->batch, ALF_DYADIC, p->tokens, p->experts, &err), &err);
  out->chosen = calloc((size_t)p->tokens * experts, sizeof *out->chosen);
  out->load = calloc(experts, sizeof *out->load);
  out->price = calloc(experts, sizeof *out->price);
  assert_true(out->chosen && out->load && out->price);
  deal_loads(p, out->load);
  draw_prices(p, out);
  route(p, out);
  shuffle(p, out);
  write_cells(p, out);
  out->problem = (alf_problem){.batch = &out->batch, .topk = p->topk};
  out->problem.kind = p->loads == ROUNDED ? ALF_ROUNDED : ALF_FRACTIONAL;
  out->problem.capacity = p->loads >= DEALT ? out->load : NULL;
}

static void planted_free(planted *x)
{
  alf_affinity_free(&x->batch);
  free(x->chosen);
  free(x->load);
  free(x->price);
}

/* NULL, or what is wrong. */
static const char *solve(const alf_solver *solver, const planted *in)
{
  static alf_error err;
  alf_solution solution = {0};
  alf_certificate c = {0};
  alf_status status = alf_solve(solver, &in->problem, NULL, &solution, &err);
  if (!status)
    status = alf_certify(&in->problem, &solution, &c, &err);
  int64_t denominator = solution.denominator;
  alf_solution_free(&solution);
  if (status)
    return err.text;
  if (!c.certified)
    return "not certified";
  return c.primal * in->batch.experts == in->value * denominator ? NULL : "another objective than the planted one";
}

static void check_plan(const plan *p)
{
  static const char *const names[] = {"auto", "exchange", "glpk-warm"};
  planted in;
  plant(p, &in);
  for (int s = 0; s < 3; s++) {
    const alf_solver *solver = alf_solver_find(names[s]);
    bool is_auto = s > 0 && solver == alf_solver_find("auto");
    if (is_auto || solver->can(&in.problem, NULL) == ALF_EUNSUPPORTED)
      continue;
    const char *wrong = solve(solver, &in);
    if (wrong)
      fail_msg("%s, %lld tokens, %d experts, K = %d, loads %d, margin %lld, prices %lld: %s", names[s],
               (long long)p->tokens, (int)p->experts, (int)p->topk, (int)p->loads, (long long)p->margin,
               (long long)p->prices, wrong);
  }
  planted_free(&in);
}

#define UNIT (INT64_C(1) << 40)

/* Sizes up to a training batch; margins from ties everywhere to routings that no price in reach changes. */
static void test_large(void **state)
{
  (void)state;
  static const plan plans[] = {
      {65536, 64, 8, EQUAL, UNIT / 8, UNIT / 4},
      {65536, 32, 1, DEALT, UNIT / 64, UNIT / 2},
      {16384, 64, 8, DEALT, UNIT / 8, UNIT / 4},
      {16385, 60, 7, FRACTIONAL, UNIT / 16, UNIT / 4},
      {16385, 60, 7, ROUNDED, UNIT / 16, UNIT / 4},
      {8192, 128, 8, EXTREME, UNIT / 8, UNIT / 2},
      {8192, 16, 15, DEALT, UNIT / 1024, UNIT / 2},
      {4096, 64, 6, EQUAL, 3, UNIT / 2},
      {4096, 17, 2, DEALT, UNIT / 8, 0},
      {4099, 17, 2, FRACTIONAL, 2, 5},
      {4099, 33, 4, ROUNDED, UNIT / 8, 3 * (UNIT / 4)},
      {1024, 256, 8, DEALT, UNIT / 8, UNIT / 4},
  };
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
    check_plan(&plans[i]);
}

/* Every combination at a size where that takes no time. */
static void test_all_kinds(void **state)
{
  (void)state;
  static const int32_t shapes[][3] = {{256, 8, 2}, {301, 13, 12}, {200, 2, 1}, {123, 24, 1}, {90, 31, 5}, {64, 5, 4}};
  static const int64_t margins[] = {1, 2, 1000, UNIT / 8}, prices[] = {0, 3, UNIT / 2};
  for (int s = 0; s < 6; s++)
    for (int loads = EQUAL; loads <= EXTREME; loads++)
      for (int m = 0; m < 4; m++)
        for (int r = 0; r < 3; r++) {
          plan p = {shapes[s][0], shapes[s][1], shapes[s][2], (load_style)loads, margins[m], prices[r]};
          p.loads = loads == EQUAL && p.topk * p.tokens % p.experts ? ROUNDED : p.loads;
          check_plan(&p);
        }
}

/* The plan itself: prices and routing prove the value; another value is not accepted. */
static void test_plan_is_optimal(void **state)
{
  (void)state;
  plan p = {60, 8, 3, DEALT, 50, 1000};
  planted in;
  plant(&p, &in);
  alf_error err = {0};
  alf_solution x = {0};
  alf_certificate c = {0};
  assert_ok(alf_solution_alloc(&x, &in.problem, &err), &err);
  for (int64_t i = 0, end = 0; i < p.tokens; i++) {
    for (int32_t k = 0; k < p.experts; k++)
      if (in.chosen[i * p.experts + k]) {
        x.expert[end] = (alf_expert)k;
        x.amount[end++] = 1;
      }
    x.row[i + 1] = end;
  }
  memcpy(x.price, in.price, (size_t)p.experts * sizeof *x.price);
  assert_ok(alf_certify(&in.problem, &x, &c, &err), &err);
  assert_true(c.certified && c.primal * p.experts == in.value);
  in.value++;
  assert_string_equal(solve(alf_solver_find("auto"), &in), "another objective than the planted one");
  alf_solution_free(&x);
  planted_free(&in);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plan_is_optimal),
      cmocka_unit_test(test_all_kinds),
      cmocka_unit_test(test_large),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
