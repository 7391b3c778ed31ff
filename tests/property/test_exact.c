/* Random instances of every kind, many thousands: every solver against enumeration where that is possible, and proven by
   the certificate everywhere. A failure is shrunk and printed as one line that replays it:
   property_exact SEED TOKENS EXPERTS TOPK LEVELS KIND. */
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/solver.h"

enum { TINY_INSTANCES = 3000, INSTANCES = 1500, MOST_TOKENS = 64, MOST_EXPERTS = 24 };

enum { CAPACITIES = ALF_ROUNDED + 1 }; /* a kind of its own here */

/* Everything about an instance; its cells and capacities are a function of this. */
struct shape {
  uint64_t seed;
  int64_t tokens;
  int32_t experts, topk;
  int64_t levels; /* cells are 0..levels−1 grid units: few make ties */
  int kind;       /* an alf_problem_kind or CAPACITIES */
};

struct instance {
  int64_t cells[MOST_TOKENS * MOST_EXPERTS], capacity[MOST_EXPERTS];
  alf_affinity batch;
  alf_problem problem;
};

static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
  x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
  return x ^ (x >> 33);
}

static const int64_t levels[] = {1, 2, 3, 10, 1000, INT64_C(1) << 40};

static struct shape draw_tiny(uint64_t seed)
{
  struct shape s = {.seed = seed};
  s.tokens = 1 + (int64_t)(mix(6 * seed + 1) % 7);
  s.experts = 2 + (int32_t)(mix(6 * seed + 2) % 4);
  s.topk = 1 + (int32_t)(mix(6 * seed + 3) % (uint64_t)(s.experts - 1));
  s.levels = levels[mix(6 * seed + 4) % 6];
  s.kind = (int)(mix(6 * seed + 5) % 3);
  return s;
}

/* Beside and on multiples of 8, the ends of the range of K, a single token. */
static struct shape draw_larger(uint64_t seed)
{
  static const int32_t experts[] = {2, 3, 6, 7, 8, 9, 13, 16, 17, 23, 24};
  static const int64_t tokens[] = {1, 2, 5, 16, 33, 64};
  struct shape s = {.seed = seed};
  s.tokens = tokens[mix(7 * seed + 1) % 6];
  s.experts = experts[mix(7 * seed + 2) % 11];
  s.topk = 1 + (int32_t)(mix(7 * seed + 3) % (uint64_t)(s.experts - 1));
  uint64_t end = mix(7 * seed + 4) % 4;
  s.topk = end == 0 ? 1 : end == 1 ? s.experts - 1 : s.topk;
  s.levels = levels[mix(7 * seed + 5) % 6];
  s.kind = (int)(mix(7 * seed + 6) % 3);
  return s;
}

/* Deals all slots out: at random, or to few experts, of which some then have all the tokens and others none. */
static void deal_capacities(const struct shape *s, int64_t *capacity)
{
  memset(capacity, 0, MOST_EXPERTS * sizeof *capacity);
  uint64_t idle = mix(mix(s->seed) + 1) % (uint64_t)(s->experts - s->topk + 1);
  bool evenly = mix(mix(s->seed) + 2) % 3 == 0;
  int64_t slots = s->topk * s->tokens, busy = s->experts - (evenly ? 0 : (int64_t)idle);
  for (uint64_t draw = 3; slots > 0; draw++) {
    uint64_t hash = mix(mix(s->seed) + draw);
    int64_t k = (int64_t)(hash % (uint64_t)busy + s->seed) % s->experts, room = s->tokens - capacity[k];
    int64_t piece = evenly || hash >> 32 & 1 ? 1 : room;
    piece = piece < room ? piece : room;
    piece = piece < slots ? piece : slots;
    capacity[k] += piece;
    slots -= piece;
  }
}

static void build(const struct shape *s, struct instance *in)
{
  for (int64_t c = 0; c < s->tokens * s->experts; c++)
    in->cells[c] = (int64_t)(mix(mix(s->seed) + (uint64_t)c) % (uint64_t)s->levels);
  in->batch = (alf_affinity){
      .dtype = ALF_DYADIC, .tokens = s->tokens, .experts = s->experts, .grid_bits = 40, .values = in->cells};
  in->problem = (alf_problem){.batch = &in->batch, .topk = s->topk};
  deal_capacities(s, in->capacity);
  if (s->kind == CAPACITIES)
    in->problem.capacity = in->capacity;
  else
    in->problem.kind = (alf_problem_kind)s->kind;
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

/* Whether it finds the optimum of this problem. */
static bool can(const alf_solver *solver, const alf_problem *problem)
{
  return !solver->approximate && solver->can(problem, NULL) == ALF_OK;
}

/* Enumeration where it takes no time to speak of, else NULL. */
static const alf_solver *reference_for(const alf_problem *problem)
{
  const alf_solver *reference = alf_solver_find("enumerate");
  return can(reference, problem) && reference->estimate(problem) < 1e-3 ? reference : NULL;
}

/* Checks one solver that can: NULL, or what is wrong. */
static const char *check(const alf_solver *solver, const struct shape *s)
{
  struct instance in;
  alf_int128 expected = 0, found = 0;
  int64_t repairs = 0;
  build(s, &in);
  const alf_solver *reference = reference_for(&in.problem);
  const char *wrong = reference ? solve(reference, &in.problem, &expected, &repairs) : NULL;
  if (wrong)
    return wrong;
  if (repairs)
    return "enumeration needed repairs";
  wrong = solve(solver, &in.problem, &found, &repairs);
  return wrong ? wrong : !reference || found == expected ? NULL : "another objective than enumeration";
}

static bool is_valid(const alf_solver *solver, const struct shape *s)
{
  struct instance in;
  if (s->tokens < 1 || s->tokens > MOST_TOKENS || s->experts < 2 || s->experts > MOST_EXPERTS || s->topk < 1 ||
      s->topk >= s->experts || s->levels < 1 || s->kind < 0 || s->kind > CAPACITIES)
    return false;
  build(s, &in);
  return can(solver, &in.problem);
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
      if (is_valid(solver, &t) && check(solver, &t)) {
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
              s->kind);
}

static void fail_shrunk(const alf_solver *solver, const struct shape *s)
{
  struct shape small = shrink(solver, *s);
  const char *wrong = check(solver, &small);
  print_replay(solver, &small, wrong ? wrong : "fails no more");
  fail();
}

/* The two that start a process take their time: they have every 32nd instance. Enumeration is the reference, or too
   slow. */
static bool takes_part(const alf_solver *solver, const alf_problem *problem, uint64_t seed)
{
  bool starts_process = !strcmp(solver->name, "glpk-interior") || !strcmp(solver->name, "glpk-mincost");
  return can(solver, problem) && strcmp(solver->name, "enumerate") && (!starts_process || seed % 32 == 0);
}

/* All solvers on one instance; returns by how many it was solved. */
static int compare_solvers(const struct shape *s)
{
  struct instance in;
  alf_int128 expected = 0, found = 0;
  int64_t repairs = 0;
  int solved = 0;
  build(s, &in);
  const alf_solver *enumerate = reference_for(&in.problem);
  const alf_solver *reference = enumerate ? enumerate : alf_solver_find("auto");
  if (solve(reference, &in.problem, &expected, &repairs) || (enumerate && repairs))
    fail_shrunk(reference, s);
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++) {
    if (*solver == reference || !takes_part(*solver, &in.problem, s->seed))
      continue;
    if (solve(*solver, &in.problem, &found, &repairs) || found != expected)
      fail_shrunk(*solver, s);
    solved++;
  }
  return solved;
}

static void test_against_enumeration(void **state)
{
  (void)state;
  int checked = 0;
  for (uint64_t seed = 0; seed < TINY_INSTANCES; seed++) {
    struct shape s = draw_tiny(seed);
    struct instance in;
    build(&s, &in);
    if (reference_for(&in.problem))
      checked += compare_solvers(&s) >= 2;
  }
  assert_true(checked > TINY_INSTANCES * 9 / 10);
}

static void test_agreement(void **state)
{
  (void)state;
  for (uint64_t seed = 0; seed < INSTANCES; seed++) {
    struct shape s = draw_larger(seed);
    assert_true(compare_solvers(&s) >= 1);
  }
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
                    .kind = (int)strtol(arguments[5], NULL, 10)};
  int failures = 0;
  if (!is_valid(alf_solver_find("auto"), &s))
    return 2;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++) {
    const char *wrong = is_valid(*solver, &s) ? check(*solver, &s) : NULL;
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
      cmocka_unit_test(test_against_enumeration),
      cmocka_unit_test(test_agreement),
      cmocka_unit_test(test_wrong_solvers_are_found_and_shrunk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
