/* Random tiny instances: every solver against enumeration. A failure is shrunk and printed as one line that replays it:
   property_exact SEED TOKENS EXPERTS TOPK LEVELS KIND. */
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alf/solver.h"

enum { INSTANCES = 200, CELLS = 64 };

/* Everything about an instance; its cells are a function of this. */
struct shape {
  uint64_t seed;
  int64_t tokens;
  int32_t experts, topk;
  int64_t levels; /* cells are 0..levels−1 grid units: few make ties */
  alf_problem_kind kind;
};

struct instance {
  int64_t cells[CELLS];
  alf_affinity batch;
  alf_problem problem;
};

static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
  x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
  return x ^ (x >> 33);
}

static struct shape draw_shape(uint64_t seed)
{
  static const int64_t levels[] = {1, 2, 3, 10, 1000, INT64_C(1) << 40};
  struct shape s = {.seed = seed};
  s.tokens = 1 + (int64_t)(mix(6 * seed + 1) % 7);
  s.experts = 2 + (int32_t)(mix(6 * seed + 2) % 4);
  s.topk = 1 + (int32_t)(mix(6 * seed + 3) % (uint64_t)(s.experts - 1));
  s.levels = levels[mix(6 * seed + 4) % 6];
  s.kind = mix(6 * seed + 5) % 2 ? ALF_ROUNDED : ALF_FRACTIONAL;
  return s;
}

static void build(const struct shape *s, struct instance *in)
{
  for (int64_t c = 0; c < s->tokens * s->experts; c++)
    in->cells[c] = (int64_t)(mix(mix(s->seed) + (uint64_t)c) % (uint64_t)s->levels);
  in->batch = (alf_affinity){
      .dtype = ALF_DYADIC, .tokens = s->tokens, .experts = s->experts, .grid_bits = 40, .values = in->cells};
  in->problem = (alf_problem){.batch = &in->batch, .topk = s->topk, .kind = s->kind};
}

/* Solves and certifies: NULL, or what is wrong. */
static const char *solve(const alf_solver *solver, const alf_problem *problem, alf_int128 *primal, int64_t *repairs)
{
  static alf_error err;
  alf_solution solution = {0};
  alf_certificate c = {0};
  if (alf_solve(solver, problem, NULL, &solution, &err))
    return err.text;
  alf_status status = alf_certify(problem, &solution, &c, &err);
  *repairs = solution.repairs;
  *primal = c.primal;
  alf_solution_free(&solution);
  if (status)
    return err.text;
  return c.certified ? NULL : "not certified";
}

/* Checks one solver against enumeration: NULL, or what is wrong. */
static const char *check(const alf_solver *solver, const struct shape *s)
{
  struct instance in;
  alf_int128 expected = 0, found = 0;
  int64_t repairs = 0;
  build(s, &in);
  const char *wrong = solve(alf_solver_find("enumerate"), &in.problem, &expected, &repairs);
  if (wrong)
    return wrong;
  if (repairs)
    return "enumeration needed repairs";
  wrong = solve(solver, &in.problem, &found, &repairs);
  return wrong ? wrong : found == expected ? NULL : "another objective than enumeration";
}

static bool is_valid(const struct shape *s)
{
  struct instance in;
  if (s->tokens < 1 || s->experts < 2 || s->topk < 1 || s->topk >= s->experts || s->levels < 1)
    return false;
  build(s, &in);
  return alf_solver_find("enumerate")->can(&in.problem, NULL) == ALF_OK;
}

/* Tries every one-step simplification until none of them still fails. */
static struct shape shrink(const alf_solver *solver, struct shape s)
{
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (int change = 0; change < 6 && !smaller; change++) {
      struct shape t = s;
      t.tokens -= change == 0;
      t.experts -= change == 1;
      t.topk -= change == 2;
      t.levels = change == 3 ? t.levels / 2 : change == 4 ? t.levels - 1 : t.levels;
      t.experts -= change == 5;
      t.topk -= change == 5;
      if (is_valid(&t) && check(solver, &t)) {
        s = t;
        smaller = true;
      }
    }
  }
  return s;
}

static void print_replay(const alf_solver *solver, const struct shape *s, const char *wrong)
{
  print_error("%s: %s; replay: property_exact %llu %lld %d %d %lld %d\n", solver->name, wrong,
              (unsigned long long)s->seed, (long long)s->tokens, (int)s->experts, (int)s->topk, (long long)s->levels,
              (int)s->kind);
}

static void fail_shrunk(const alf_solver *solver, const struct shape *s)
{
  struct shape small = shrink(solver, *s);
  const char *wrong = check(solver, &small);
  print_replay(solver, &small, wrong ? wrong : "fails no more");
  fail();
}

static void test_all_solvers(void **state)
{
  (void)state;
  int checked = 0;
  for (uint64_t seed = 0; seed < INSTANCES; seed++) {
    struct shape s = draw_shape(seed);
    struct instance in;
    alf_int128 expected = 0, found = 0;
    int64_t repairs = 0;
    if (!is_valid(&s))
      continue;
    build(&s, &in);
    checked++;
    const alf_solver *reference = alf_solver_find("enumerate");
    if (solve(reference, &in.problem, &expected, &repairs) || repairs)
      fail_shrunk(reference, &s);
    for (const alf_solver *const *solver = alf_solvers; *solver; solver++)
      if (!(*solver)->approximate && (solve(*solver, &in.problem, &found, &repairs) || found != expected))
        fail_shrunk(*solver, &s);
  }
  assert_true(checked > INSTANCES * 9 / 10);
}

/* A solver that moves one slot of an optimal routing, and so must be found out. */
static alf_status solve_wrongly(void *workspace, alf_solution *solution, alf_error *err)
{
  alf_status status = alf_solver_find("enumerate")->solve(workspace, solution, err);
  if (!status && solution->tokens > 2)
    solution->expert[0] = solution->expert[0] ? 0 : (alf_expert)(solution->experts - 1);
  return status;
}

/* A solver whose prices are off by one unit for one expert. */
static alf_status price_wrongly(void *workspace, alf_solution *solution, alf_error *err)
{
  alf_status status = alf_solver_find("enumerate")->solve(workspace, solution, err);
  if (!status)
    solution->price[0] += INT64_C(1) << 41;
  return status;
}

static void test_wrong_solvers_are_found_and_shrunk(void **state)
{
  (void)state;
  alf_solver wrong = *alf_solver_find("enumerate");
  struct shape s = {.seed = 7, .tokens = 6, .experts = 4, .topk = 2, .levels = 1000, .kind = ALF_ROUNDED};
  assert_null(check(&wrong, &s));
  wrong.solve = solve_wrongly;
  assert_non_null(check(&wrong, &s));
  struct shape small = shrink(&wrong, s);
  assert_int_equal(small.tokens, 3);
  assert_int_equal(small.experts, 2);
  assert_int_equal(small.topk, 1);
  assert_int_equal(small.levels, 1);
  wrong.solve = price_wrongly;
  assert_non_null(check(&wrong, &s));
}

static int replay(char **arguments)
{
  struct shape s = {.seed = strtoull(arguments[0], NULL, 10),
                    .tokens = strtoll(arguments[1], NULL, 10),
                    .experts = (int32_t)strtol(arguments[2], NULL, 10),
                    .topk = (int32_t)strtol(arguments[3], NULL, 10),
                    .levels = strtoll(arguments[4], NULL, 10),
                    .kind = (alf_problem_kind)strtol(arguments[5], NULL, 10)};
  int failures = 0;
  if (s.tokens * s.experts > CELLS || !is_valid(&s))
    return 2;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++) {
    const char *wrong = (*solver)->approximate ? NULL : check(*solver, &s);
    if (wrong)
      print_replay(*solver, &s, wrong);
    failures += wrong != NULL;
  }
  return failures != 0;
}

int main(int count, char **arguments)
{
  if (count == 7)
    return replay(arguments + 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_solvers),
      cmocka_unit_test(test_wrong_solvers_are_found_and_shrunk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
