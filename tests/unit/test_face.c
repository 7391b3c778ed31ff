/* The face of optimal prices: known answers, refusals, larger instances. Random tiny ones: property.face. */
#include "support.h"

#include <string.h>

#include "alf/face.h"
#include "alf/routing.h"
#include "problems.h"

/* A hand-made problem with its optimal routing, and the face found from it. */
typedef struct example {
  alf_affinity batch;
  alf_problem problem;
  alf_solution solution;
  alf_face face;
} example;

static alf_status find(example *e, const int *amounts, alf_error *err)
{
  int64_t prices[8] = {0};
  e->problem.batch = &e->batch;
  alf_test_solution(&e->solution, &e->problem, amounts, prices);
  return alf_face_find(&e->problem, &e->solution, NULL, &e->face, err);
}

static void set_up(example *e, const int *amounts)
{
  alf_error err = {0};
  assert_ok(find(e, amounts, &err), &err);
}

static void tear_down(example *e)
{
  alf_face_free(&e->face);
  alf_solution_free(&e->solution);
}

static void assert_interval(const example *e, int32_t a, int32_t b, int64_t low, int64_t high)
{
  alf_price_interval interval = alf_face_interval(&e->face, a, b);
  assert_true(interval.low == low);
  assert_true(interval.high == high);
}

static bool centre_is_certified(const example *e)
{
  alf_certificate c;
  alf_error err = {0};
  alf_solution centred = e->solution;
  centred.price = e->face.centre;
  assert_ok(alf_certify(&e->problem, &centred, &c, &err), &err);
  return c.certified;
}

/* Token 0 wants p_1 − p_0 >= 6, token 1 <= 8. */
static void test_pair(void **state)
{
  (void)state;
  static const int64_t cells[] = {10, 4, 9, 1};
  example e = {.batch = alf_test_grid(2, 2, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){0, 1, 1, 0});
  assert_interval(&e, 0, 1, 6, 8);
  assert_interval(&e, 1, 0, -8, -6);
  assert_interval(&e, 1, 1, 0, 0);
  assert_int_equal(e.face.slack.sum, e.face.slack.length);
  assert_int_equal(e.face.centre[0], 0);
  assert_int_equal(e.face.centre[1], 7);
  assert_true(e.face.unique_routing && !e.face.unique_price);
  assert_int_equal(e.face.groups, 2);
  tear_down(&e);
}

/* Ring: token i at expert i, moving on costs 1, 1 and 2, all else much: a cycle of three exchanges has mean 4/3. The
   only prices on the grid with slack 1 keep one exchange at 2, and the mean over all experts decides which. */
static void test_fractional_slack(void **state)
{
  (void)state;
  static const int64_t cells[] = {100, 99, 0, 0, 100, 99, 98, 0, 100};
  example e = {.batch = alf_test_grid(3, 3, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){1, 0, 0, 0, 1, 0, 0, 0, 1});
  assert_int_equal(e.face.slack.sum * 3, e.face.slack.length * 4);
  assert_interval(&e, 0, 1, -3, 1);
  assert_interval(&e, 0, 2, -2, 2);
  assert_true(e.face.centre[1] - e.face.centre[0] <= 0 && e.face.centre[2] - e.face.centre[1] <= 0 &&
              e.face.centre[0] - e.face.centre[2] <= 1);
  assert_true(centre_is_certified(&e));
  tear_down(&e);
}

/* Tokens 0 and 1 are indifferent between experts 0 and 1, of which each takes one: two routings, p_1 = p_0. Expert 2 is
   free to move, and keeps the largest slack. */
static void test_tie_makes_a_group(void **state)
{
  (void)state;
  static const int64_t cells[] = {5, 5, 0, 5, 5, 0, 1, 1, 9};
  example e = {.batch = alf_test_grid(3, 3, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){1, 0, 0, 0, 1, 0, 0, 0, 1});
  assert_interval(&e, 0, 1, 0, 0);
  assert_interval(&e, 0, 2, -8, 5);
  assert_false(e.face.unique_routing || e.face.unique_price);
  assert_int_equal(e.face.groups, 2);
  assert_int_equal(e.face.group[1], 0);
  assert_int_equal(e.face.group[2], 2);
  assert_int_equal(e.face.slack.sum * 2, e.face.slack.length * 13);
  assert_int_equal(e.face.centre[1], 0);
  assert_int_equal(e.face.centre[2], -1);
  tear_down(&e);
}

/* One token's halves tie its experts without any choice: routing and price are both unique. */
static void test_fraction_is_no_choice(void **state)
{
  (void)state;
  static const int64_t cells[] = {7, 2, 9, 1, 4, 3};
  example e = {.batch = alf_test_grid(3, 2, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){1, 1, 2, 0, 0, 2});
  assert_interval(&e, 0, 1, 5, 5);
  assert_true(e.face.unique_routing && e.face.unique_price);
  assert_int_equal(e.face.slack.length, 0);
  assert_int_equal(e.face.centre[1], 5);
  tear_down(&e);
}

/* The same with a second token that has the same difference: either can be split. */
static void test_fraction_with_a_choice(void **state)
{
  (void)state;
  static const int64_t cells[] = {7, 2, 9, 1, 6, 1};
  example e = {.batch = alf_test_grid(3, 2, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){1, 1, 2, 0, 0, 2});
  assert_interval(&e, 0, 1, 5, 5);
  assert_false(e.face.unique_routing);
  assert_true(e.face.unique_price);
  tear_down(&e);
}

/* Loads T and 0: one price has no upper end, the other no lower end. Expert 1 and 2 exchange at 3 <= p_2 − p_1 <= 6. */
static void test_capacities_at_the_ends(void **state)
{
  (void)state;
  static const int64_t cells[] = {5, 9, 3, 8, 2, 8, 5, 0}, capacity[] = {2, 1, 1, 0};
  example e = {.batch = alf_test_grid(2, 4, 0, cells), .problem = {.topk = 2, .capacity = capacity}};
  set_up(&e, (int[]){1, 1, 0, 0, 1, 0, 1, 0});
  assert_interval(&e, 1, 2, 3, 6);
  assert_interval(&e, 0, 1, INT64_MIN, -6);
  assert_interval(&e, 2, 3, INT64_MIN, -2);
  assert_interval(&e, 0, 3, INT64_MIN, -5);
  assert_int_equal(e.face.slack.sum * 2, e.face.slack.length * 3);
  assert_int_equal(e.face.nodes, 4);
  assert_true(e.face.unique_routing && centre_is_certified(&e));
  tear_down(&e);
}

/* No two experts exchange anything: every slack is as large as one likes, and the centre takes one unit. */
static void test_no_cycle(void **state)
{
  (void)state;
  static const int64_t cells[] = {5, 9}, capacity[] = {1, 0};
  example e = {.batch = alf_test_grid(1, 2, 3, cells), .problem = {.topk = 1, .capacity = capacity}};
  set_up(&e, (int[]){1, 0});
  assert_interval(&e, 0, 1, INT64_MIN, -4);
  assert_int_equal(e.face.slack.length, 0);
  assert_int_equal(e.face.centre[1], -4 - 8);
  assert_true(e.face.unique_routing && !e.face.unique_price);
  tear_down(&e);
}

/* Three tokens, loads 2 and 1: p_0 <= 0 <= p_1 and 2 <= p_1 − p_0 <= 3, where 0 is the price of the free load. */
static void test_free_load(void **state)
{
  (void)state;
  static const int64_t cells[] = {5, 3, 5, 2, 5, 1};
  example e = {.batch = alf_test_grid(3, 2, 0, cells), .problem = {.topk = 1, .kind = ALF_ROUNDED}};
  set_up(&e, (int[]){0, 1, 1, 0, 1, 0});
  assert_int_equal(e.face.nodes, 3);
  assert_interval(&e, 0, 1, 2, 3);
  assert_interval(&e, 2, 0, -3, 0);
  assert_interval(&e, 2, 1, 0, 3);
  assert_true(e.face.unique_routing && centre_is_certified(&e));
  alf_error err = {0};
  alf_face_position position;
  assert_ok(alf_face_place(&e.face, &e.problem, &e.solution, (int64_t[]){100, 103}, &position, &err), &err);
  assert_true(position.loss == 0 && position.worst == 0 && position.violated == 0);
  assert_ok(alf_face_place(&e.face, &e.problem, &e.solution, (int64_t[]){100, 107}, &position, &err), &err);
  assert_true(position.loss > 0 && position.worst == 4 && position.violated == 1);
  assert_int_equal(position.expert_b, 1);
  tear_down(&e);
}

static void test_refusals(void **state)
{
  (void)state;
  static const int64_t cells[] = {10, 4, 9, 1};
  alf_error err = {0};
  example e = {.batch = alf_test_grid(2, 2, 0, cells), .problem = {.topk = 1}};
  assert_fails(find(&e, (int[]){1, 0, 0, 1}, &err), ALF_EINVAL, &err, "gains 2 grid units");
  assert_null(e.face.high);
  e.solution.denominator = 2;
  assert_fails(alf_face_find(&e.problem, &e.solution, NULL, &e.face, &err), ALF_EINVAL, &err, "units of 1/2");
  assert_fails(alf_face_find(&e.problem, NULL, NULL, &e.face, &err), ALF_EINVAL, &err, "got none");
  tear_down(&e);
  e = (example){.batch = alf_test_grid(2, 2, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){0, 1, 1, 0});
  alf_face_position position;
  int64_t far[] = {0, (INT64_C(1) << 60) + 1};
  assert_fails(alf_face_place(&e.face, &e.problem, &e.solution, far, &position, &err), ALF_ERANGE, &err, "expert 1");
  tear_down(&e);
}

static bool at_once(void)
{
  return true;
}

static void test_stops(void **state)
{
  (void)state;
  static const int64_t cells[] = {10, 4, 9, 1};
  alf_error err = {0};
  example e = {.batch = alf_test_grid(2, 2, 0, cells), .problem = {.topk = 1}};
  set_up(&e, (int[]){0, 1, 1, 0});
  alf_solve_settings settings = {.stop = at_once};
  assert_int_equal(alf_face_find(&e.problem, &e.solution, &settings, &e.face, &err), ALF_EINTERRUPTED);
  assert_null(e.face.high);
  settings = (alf_solve_settings){.timeout = 1e-9};
  assert_int_equal(alf_face_find(&e.problem, &e.solution, &settings, &e.face, &err), ALF_ETIMEOUT);
  assert_null(e.face.high);
  tear_down(&e);
}

/* The end of every interval is attained: prices along shortest paths from a are optimal, one unit beyond is not. */
static void check_ends(const alf_problem *problem, const alf_solution *solution, const alf_face *face)
{
  int64_t price[32];
  alf_error err = {0};
  alf_face_position position;
  for (int32_t a = 0; a < face->experts; a++)
    for (int32_t b = 0; b < face->experts; b++) {
      for (int32_t k = 0; k < face->experts; k++)
        price[k] = alf_face_interval(face, a, k).high;
      assert_ok(alf_face_place(face, problem, solution, price, &position, &err), &err);
      assert_true(position.loss == 0 && position.worst == 0);
      price[b] += a != b;
      assert_ok(alf_face_place(face, problem, solution, price, &position, &err), &err);
      assert_true((position.loss > 0) == (a != b) && position.worst == (a != b));
    }
}

/* Another order of the experts: the same centre, up to what expert 0 is. */
static void check_order(const alf_affinity *batch, int32_t topk, alf_problem_kind kind, const alf_face *face)
{
  alf_affinity turned = {0};
  alf_error err = {0};
  alf_solution solution = {0};
  alf_face other = {0};
  int32_t experts = batch->experts;
  assert_ok(alf_affinity_alloc(&turned, ALF_DYADIC, batch->tokens, experts, &err), &err);
  turned.grid_bits = batch->grid_bits;
  for (int64_t i = 0; i < batch->tokens; i++)
    for (int32_t k = 0; k < experts; k++)
      ((int64_t *)turned.storage)[i * experts + (k + 1) % experts] = alf_affinity_row(batch, i)[k];
  alf_problem problem = {&turned, topk, kind};
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_face_find(&problem, &solution, NULL, &other, &err), &err);
  for (int32_t k = 0; k < experts; k++)
    assert_true(other.centre[(k + 1) % experts] - other.centre[1 % experts] == face->centre[k] - face->centre[0]);
  alf_face_free(&other);
  alf_solution_free(&solution);
  alf_affinity_free(&turned);
}

static void check_larger(const char *input, int32_t topk, alf_problem_kind kind)
{
  alf_affinity batch = {0};
  alf_solution solution = {0};
  alf_face face = {0};
  alf_error err = {0};
  alf_certificate c;
  alf_test_batch(input, &batch);
  alf_problem problem = {&batch, topk, kind};
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_face_find(&problem, &solution, NULL, &face, &err), &err);
  alf_solution centred = solution;
  centred.price = face.centre;
  assert_ok(alf_certify(&problem, &centred, &c, &err), &err);
  assert_true(c.certified);
  assert_true(!face.unique_routing || face.groups < face.nodes || c.tied_tokens == 0);
  check_ends(&problem, &solution, &face);
  check_order(&batch, topk, kind, &face);
  alf_face_free(&face);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

static void test_larger(void **state)
{
  (void)state;
  static const char *const inputs[] = {"softmax:T=300,E=12,skew=2", "uniform:T=301,E=17", "grid:T=120,E=9,levels=3",
                                       "adversarial:T=90,E=10,kind=2"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++)
      check_larger(inputs[i], 3, (alf_problem_kind)kind);
}

/* The loss is D(p) − optimum, with D evaluated apart. */
static void test_loss(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_solution solution = {0};
  alf_face face = {0};
  alf_error err = {0};
  alf_certificate c;
  alf_face_position position;
  alf_test_batch("uniform:T=301,E=17", &batch);
  alf_problem problem = {.batch = &batch, .topk = 3};
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  assert_ok(alf_face_find(&problem, &solution, NULL, &face, &err), &err);
  int64_t shift[17];
  for (int32_t k = 0; k < 17; k++)
    shift[k] = solution.price[k] + (k * 7919 % 13) * (INT64_C(1) << 33) + 12345;
  assert_ok(alf_face_place(&face, &problem, &solution, shift, &position, &err), &err);
  alf_int128 loss = alf_dual_value(&batch, 3, shift) - c.primal * (17 / solution.denominator);
  assert_true(loss > 0 && position.loss * (17 / solution.denominator) == loss);
  alf_face_free(&face);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pair),
      cmocka_unit_test(test_fractional_slack),
      cmocka_unit_test(test_tie_makes_a_group),
      cmocka_unit_test(test_fraction_is_no_choice),
      cmocka_unit_test(test_fraction_with_a_choice),
      cmocka_unit_test(test_capacities_at_the_ends),
      cmocka_unit_test(test_no_cycle),
      cmocka_unit_test(test_free_load),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_stops),
      cmocka_unit_test(test_larger),
      cmocka_unit_test(test_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
