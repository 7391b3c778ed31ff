/* Small random instances, with ties, fractional and rounded loads and capacities: GLPK confirms their optima in 0
   pivots, in doubles and in rational arithmetic, with all cells and with few, also from optima that are no vertices;
   and refutes what is broken. A failure names the seed: property_judge SEED runs that instance alone. */
#include "support.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/judge.h"
#include "alf/routing.h"
#include "alf/solver.h"

enum { INSTANCES = 600, MOST_TOKENS = 40, MOST_EXPERTS = 9, MOVES = 60 };

struct instance {
  uint64_t seed;
  uint64_t drawn; /* random numbers so far */
  int64_t cells[MOST_TOKENS * MOST_EXPERTS], capacity[MOST_EXPERTS];
  alf_affinity batch;
  alf_problem problem;
  alf_solution solution; /* optimal */
};

static uint64_t draw(struct instance *in, uint64_t below)
{
  uint64_t x = in->seed * UINT64_C(0x9e3779b97f4a7c15) + ++in->drawn;
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (x ^ (x >> 31)) % below;
}

#define assert_seed(in, condition)                                                                                     \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      fail_msg("seed %llu: %s", (unsigned long long)(in)->seed, #condition);                                           \
  } while (0)

static void draw_problem(struct instance *in, uint64_t seed)
{
  static const int64_t levels[] = {1, 2, 3, 8, 1000, INT64_C(1) << 40};
  *in = (struct instance){.seed = seed};
  int64_t tokens = 1 + (int64_t)draw(in, MOST_TOKENS), level = levels[draw(in, 6)];
  int32_t experts = 2 + (int32_t)draw(in, MOST_EXPERTS - 1);
  for (int64_t c = 0; c < tokens * experts; c++)
    in->cells[c] = (int64_t)draw(in, (uint64_t)level);
  in->batch =
      (alf_affinity){.dtype = ALF_DYADIC, .tokens = tokens, .experts = experts, .grid_bits = 40, .values = in->cells};
  in->problem = (alf_problem){.batch = &in->batch, .topk = 1 + (int32_t)draw(in, (uint64_t)experts - 1)};
}

static void solve(struct instance *in, alf_problem_kind kind)
{
  alf_error err = {0};
  in->problem.kind = kind;
  assert_ok(alf_solve(alf_solver_find("exchange"), &in->problem, NULL, &in->solution, &err), &err);
}

/* Top-K at random prices is optimal for its own loads, which become the capacities; those of 0 and T occur. */
static void plant(struct instance *in)
{
  int32_t experts = in->batch.experts, topk = in->problem.topk;
  int64_t score[MOST_EXPERTS], price[MOST_EXPERTS], spread = 1 + (int64_t)draw(in, 12);
  alf_expert chosen[MOST_TOKENS * MOST_EXPERTS];
  for (int32_t k = 0; k < experts; k++)
    price[k] = (int64_t)draw(in, (uint64_t)spread);
  for (int64_t i = 0; i < in->batch.tokens; i++) {
    for (int32_t k = 0; k < experts; k++)
      score[k] = in->cells[i * experts + k] + price[k];
    alf_topk_row(score, experts, topk, chosen + i * topk);
    for (int32_t j = 0; j < topk; j++)
      in->capacity[chosen[i * topk + j]]++;
  }
  in->problem.capacity = in->capacity;
  alf_error err = {0};
  alf_solution *x = &in->solution;
  assert_ok(alf_solution_alloc(x, &in->problem, &err), &err);
  memcpy(x->price, price, (size_t)experts * sizeof *price);
  for (int64_t e = 0; e < in->batch.tokens * topk; e++) {
    x->expert[e] = chosen[e];
    x->amount[e] = 1;
    x->row[e / topk + 1] = e + 1;
  }
}

/* One of three kinds of problem, with its optimum. */
static void make(struct instance *in, uint64_t seed, int kind)
{
  draw_problem(in, seed);
  if (kind == 2)
    plant(in);
  else
    solve(in, kind ? ALF_ROUNDED : ALF_FRACTIONAL);
}

static alf_judgement judge(const struct instance *in, const alf_solution *x, int64_t columns, bool exact)
{
  alf_error err = {0};
  alf_judge_settings settings = {.columns = columns};
  alf_judgement j;
  assert_ok(exact ? alf_judge_exact(&in->problem, x, &settings, &j, &err)
                  : alf_judge(&in->problem, x, &settings, &j, &err),
            &err);
  return j;
}

static void check_confirmed(const struct instance *in, const alf_solution *x)
{
  alf_error err = {0};
  alf_certificate c;
  assert_ok(alf_certify(&in->problem, x, &c, &err), &err);
  assert_seed(in, c.certified);
  for (int way = 0; way < 3; way++) {
    alf_judgement j = judge(in, x, way == 1 ? 1 : 0, way == 2);
    assert_seed(in, j.pivots == 0);
    assert_seed(in, j.feasible && j.optimal && j.confirmed);
    assert_seed(in, j.rounds == 1 && j.mispriced == 0);
    assert_seed(in, j.gain == 0 && j.objective == c.objective);
    int64_t basic = in->batch.tokens + in->batch.experts, cells = in->batch.tokens * in->batch.experts;
    assert_seed(in, way == 1 ? j.columns <= basic + 1 : j.columns == cells);
  }
}

/* Amounts as a dense matrix, and back. */
static void to_dense(const alf_solution *x, int *dense)
{
  memset(dense, 0, (size_t)(x->tokens * x->experts) * sizeof *dense);
  for (int64_t i = 0; i < x->tokens; i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      dense[i * x->experts + x->expert[e]] = x->amount[e];
}

static void from_dense(alf_solution *x, const int *dense)
{
  int64_t end = 0, cells = x->tokens * x->experts;
  x->room = cells;
  x->expert = realloc(x->expert, (size_t)cells * sizeof *x->expert);
  x->amount = realloc(x->amount, (size_t)cells * sizeof *x->amount);
  assert_true(x->expert && x->amount);
  for (int64_t c = 0; c < cells; c++) {
    if (dense[c]) {
      x->expert[end] = (alf_expert)(c % x->experts);
      x->amount[end++] = dense[c];
    }
    x->row[c / x->experts + 1] = end;
  }
}

/* Two tokens exchange one unit of two experts: what the objective loses, or 0 when amounts do not allow it. */
static int64_t swap(struct instance *in, int *dense, bool tied)
{
  int32_t experts = in->batch.experts, a = (int32_t)draw(in, (uint64_t)experts),
          b = (int32_t)draw(in, (uint64_t)experts);
  int64_t i = (int64_t)draw(in, (uint64_t)in->batch.tokens), j = (int64_t)draw(in, (uint64_t)in->batch.tokens);
  int *ia = dense + i * experts + a, *ib = dense + i * experts + b;
  int *ja = dense + j * experts + a, *jb = dense + j * experts + b;
  int64_t loss = in->cells[ia - dense] - in->cells[ib - dense] - in->cells[ja - dense] + in->cells[jb - dense];
  int64_t full = in->solution.denominator;
  if (i == j || a == b || !*ia || !*jb || *ib == full || *ja == full || tied != (loss == 0))
    return 0;
  --*ia;
  ++*ib;
  ++*ja;
  --*jb;
  return loss;
}

static void check_other_optima(struct instance *in)
{
  int dense[MOST_TOKENS * MOST_EXPERTS];
  to_dense(&in->solution, dense);
  for (int move = 0; move < MOVES; move++)
    swap(in, dense, true);
  from_dense(&in->solution, dense);
  check_confirmed(in, &in->solution);
}

static void check_worse_routing(struct instance *in, int *refuted)
{
  int dense[MOST_TOKENS * MOST_EXPERTS];
  int64_t loss = 0;
  to_dense(&in->solution, dense);
  for (int move = 0; move < MOVES && loss == 0; move++)
    loss = swap(in, dense, false);
  if (loss == 0)
    return;
  from_dense(&in->solution, dense);
  double gain = alf_int128_to_double(loss, 40, (double)in->solution.denominator);
  for (int way = 0; way < 3; way++) {
    alf_judgement j = judge(in, &in->solution, way == 1 ? 1 : 0, way == 2);
    assert_seed(in, j.feasible && j.optimal && !j.confirmed);
    assert_seed(in, j.pivots > 0 && j.gain == gain);
  }
  ++*refuted;
}

static void check_wrong_prices(struct instance *in, int *refuted)
{
  alf_error err = {0};
  alf_certificate c;
  int32_t k = (int32_t)draw(in, (uint64_t)in->batch.experts);
  int64_t right = in->solution.price[k];
  in->solution.price[k] += draw(in, 2) ? INT64_C(1) << draw(in, 42) : -(INT64_C(1) << draw(in, 42));
  assert_ok(alf_certify(&in->problem, &in->solution, &c, &err), &err);
  alf_judgement j = judge(in, &in->solution, 0, false);
  assert_seed(in, j.confirmed == c.certified);
  assert_seed(in, j.optimal && j.gain == 0);
  *refuted += !j.confirmed;
  in->solution.price[k] = right;
}

/* An entry on another expert: mostly repeated, out of order or one load too many. */
static void check_wrong_entry(struct instance *in)
{
  alf_error err = {0};
  alf_certificate c;
  alf_expert first = in->solution.expert[0];
  in->solution.expert[0] = first ? 0 : (alf_expert)(in->batch.experts - 1);
  assert_ok(alf_certify(&in->problem, &in->solution, &c, &err), &err);
  alf_judgement j = judge(in, &in->solution, 0, false);
  in->solution.expert[0] = first;
  assert_seed(in, j.feasible == (!c.row_violations && !c.entry_violations && !c.load_violations));
  assert_seed(in, j.confirmed == c.certified);
  assert_seed(in, j.feasible || (j.pivots == 0 && j.objective != j.objective));
}

static void check(uint64_t seed, int refuted[2])
{
  struct instance in;
  for (int kind = 0; kind < 3; kind++) {
    make(&in, seed, kind);
    check_confirmed(&in, &in.solution);
    check_wrong_prices(&in, &refuted[0]);
    check_wrong_entry(&in);
    check_other_optima(&in);
    check_worse_routing(&in, &refuted[1]);
    alf_solution_free(&in.solution);
  }
}

static void test_random_instances(void **state)
{
  (void)state;
  int refuted[2] = {0};
  for (uint64_t seed = 0; seed < INSTANCES; seed++)
    check(seed, refuted);
  assert_true(refuted[0] > INSTANCES);
  assert_true(refuted[1] > INSTANCES);
}

static uint64_t replayed;

static void test_replayed(void **state)
{
  (void)state;
  check(replayed, (int[2]){0});
}

int main(int argc, char **argv)
{
  const struct CMUnitTest random[] = {cmocka_unit_test(test_random_instances)};
  const struct CMUnitTest one[] = {cmocka_unit_test(test_replayed)};
  if (argc < 2)
    return cmocka_run_group_tests(random, NULL, NULL);
  replayed = strtoull(argv[1], NULL, 10);
  return cmocka_run_group_tests(one, NULL, NULL);
}
