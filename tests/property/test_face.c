/* Random tiny instances: the face against all optimal prices in a box and against all routings. A failure prints a line
   that replays it: property_face SEED. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/face.h"
#include "problems.h"
#include "tiny.h"

enum { INSTANCES = 200, SCALE = 60 };

static bool is_certified(const alf_problem *problem, const alf_solution *solution, int64_t *price)
{
  alf_solution priced = *solution;
  alf_certificate certificate;
  priced.price = price;
  return alf_certify(problem, &priced, &certificate, NULL) == ALF_OK && certificate.certified;
}

/* All that is judged about one instance. */
struct judge {
  alf_tiny in;
  alf_tiny_routings routings;
  alf_solution solution; /* the first optimal routing, without prices */
  alf_face face;
  int64_t reach;                                     /* prices run from −reach to reach */
  int64_t high[ALF_TINY_EXPERTS * ALF_TINY_EXPERTS]; /* over the optimal prices of the box */
  int64_t arc[ALF_TINY_EXPERTS * ALF_TINY_EXPERTS];  /* exchange costs, the plain way */
  int64_t *optimal;                                  /* count × E: the optimal prices of the box */
  int64_t count;
};

/* Calls for every optimal price vector of the box; p_0 = 0 where only differences matter. */
static void collect_optimal(struct judge *j)
{
  int32_t experts = j->in.batch.experts;
  bool fixed = j->face.nodes == experts;
  int64_t p[ALF_TINY_EXPERTS], total = 1, side = 2 * j->reach + 1;
  for (int32_t k = fixed; k < experts; k++)
    total *= side;
  j->optimal = malloc((size_t)(total * experts) * sizeof *j->optimal);
  assert_non_null(j->optimal);
  for (int64_t number = 0; number < total; number++) {
    int64_t rest = number;
    p[0] = 0;
    for (int32_t k = fixed; k < experts; k++, rest /= side)
      p[k] = rest % side - j->reach;
    if (is_certified(&j->in.problem, &j->solution, p))
      memcpy(j->optimal + experts * j->count++, p, (size_t)experts * sizeof *p);
  }
}

static void measure_extremes(struct judge *j)
{
  int32_t experts = j->in.batch.experts;
  for (int32_t c = 0; c < experts * experts; c++) {
    j->high[c] = INT64_MIN;
    for (int64_t n = 0; n < j->count; n++) {
      const int64_t *p = j->optimal + n * experts;
      int64_t difference = p[c % experts] - p[c / experts];
      j->high[c] = difference > j->high[c] ? difference : j->high[c];
    }
  }
}

static int64_t amount_of(const alf_solution *x, int64_t i, int32_t k)
{
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
    if (x->expert[e] == k)
      return x->amount[e];
  return 0;
}

static void measure_arcs(struct judge *j)
{
  int32_t experts = j->in.batch.experts;
  for (int32_t c = 0; c < experts * experts; c++) {
    int32_t a = c / experts, b = c % experts;
    j->arc[c] = ALF_FACE_NONE;
    for (int64_t i = 0; i < j->in.batch.tokens && a != b; i++) {
      const int64_t *row = j->in.cells + i * experts;
      if (amount_of(&j->solution, i, a) > 0 && amount_of(&j->solution, i, b) < j->solution.denominator &&
          row[a] - row[b] < j->arc[c])
        j->arc[c] = row[a] - row[b];
    }
  }
}

/* Whether p_b − p_a is the same for all optimal prices; node E is the free load. */
static bool is_rigid(const struct judge *j, int32_t a, int32_t b)
{
  int32_t experts = j->in.batch.experts;
  for (int64_t n = 1; n < j->count; n++) {
    const int64_t *p = j->optimal, *q = j->optimal + n * experts;
    int64_t before = (b < experts ? p[b] : 0) - (a < experts ? p[a] : 0);
    int64_t after = (b < experts ? q[b] : 0) - (a < experts ? q[a] : 0);
    if (before != after)
      return false;
  }
  return true;
}

/* The smallest slack of p between groups; INT64_MAX when nothing holds it. */
static int64_t slack_of(const struct judge *j, const int64_t *p)
{
  int32_t experts = j->in.batch.experts;
  int64_t slack = INT64_MAX;
  for (int32_t c = 0; c < experts * experts; c++) {
    int32_t a = c / experts, b = c % experts;
    int64_t left = j->arc[c] - (p[b] - p[a]);
    if (j->arc[c] != ALF_FACE_NONE && !is_rigid(j, a, b) && left < slack)
      slack = left;
  }
  for (int32_t k = 0; k < experts && j->face.nodes > experts; k++)
    if (!is_rigid(j, k, experts) && llabs(p[k]) < slack)
      slack = llabs(p[k]);
  return slack;
}

static const char *check_intervals(const struct judge *j)
{
  int32_t experts = j->in.batch.experts;
  int64_t bound = (experts + 1) * j->in.levels;
  for (int32_t a = 0; a < experts; a++)
    for (int32_t b = 0; b < experts; b++) {
      int64_t high = alf_face_interval(&j->face, a, b).high, seen = j->high[a * experts + b];
      if (high == ALF_FACE_NONE ? seen < bound : seen != high)
        return "an interval's end is not where the optimal prices end";
      if (a != b && (j->face.group[a] == j->face.group[b]) != is_rigid(j, a, b))
        return "groups are not the rigid pairs";
    }
  return NULL;
}

static const char *check_centre(const struct judge *j)
{
  int64_t best = -1, own = slack_of(j, j->face.centre);
  int64_t slack = j->face.slack.length ? j->face.slack.sum / j->face.slack.length : 1;
  if (!is_certified(&j->in.problem, &j->solution, j->face.centre))
    return "the centre is not optimal";
  if (own != INT64_MAX && (own < slack || (j->face.slack.length && own != slack)))
    return "the centre has not the slack it says";
  for (int64_t n = 0; n < j->count; n++) {
    int64_t other = slack_of(j, j->optimal + n * j->in.batch.experts);
    best = other > best ? other : best;
  }
  return j->face.slack.length && best != slack ? "the largest smallest slack is another" : NULL;
}

/* The farthest that moving to an optimal price vector must part two prices: the smallest over all of them. */
static int64_t nearest_spread(const struct judge *j, const int64_t *p)
{
  int64_t nearest = INT64_MAX;
  for (int64_t n = 0; n < j->count; n++) {
    int64_t most = INT64_MIN, least = INT64_MAX;
    for (int32_t k = 0; k < j->in.batch.experts; k++) {
      int64_t move = p[k] - j->optimal[n * j->in.batch.experts + k];
      most = move > most ? move : most;
      least = move < least ? move : least;
    }
    nearest = most - least < nearest ? most - least : nearest;
  }
  return nearest;
}

/* The smallest D over all common shifts, by trying them. */
static alf_int128 smallest_loss(const struct judge *j, const int64_t *p)
{
  alf_int128 least = -1;
  alf_solution moved = j->solution;
  int64_t price[ALF_TINY_EXPERTS];
  moved.price = price;
  for (int64_t shift = -20; shift <= 20; shift++) {
    alf_certificate c = {0};
    for (int32_t k = 0; k < j->in.batch.experts; k++)
      price[k] = p[k] + shift;
    assert_int_equal(alf_certify(&j->in.problem, &moved, &c, NULL), ALF_OK);
    least = least < 0 || c.dual - c.primal < least ? c.dual - c.primal : least;
  }
  return least;
}

static const char *check_positions(const struct judge *j, uint64_t seed)
{
  for (uint64_t n = 0; n < 6; n++) {
    int64_t p[ALF_TINY_EXPERTS];
    alf_face_position position;
    alf_error err = {0};
    for (int32_t k = 0; k < j->in.batch.experts; k++)
      p[k] = alf_tiny_draw(seed, 1000 + 10 * n + (uint64_t)k, 7) - 3;
    assert_ok(alf_face_place(&j->face, &j->in.problem, &j->solution, p, &position, &err), &err);
    if (position.worst != nearest_spread(j, p))
      return "the distance to the face is wrong";
    if ((position.loss == 0) != (position.worst == 0) || (position.violated == 0) != (position.worst == 0))
      return "loss, distance and violated pairs disagree";
    if (position.worst && alf_face_outside(&j->face, p, position.expert_a, position.expert_b) != position.worst)
      return "the worst pair is not";
    if (position.loss != smallest_loss(j, p))
      return "the loss is not the smallest along a common shift";
  }
  return NULL;
}

static bool same_face(const alf_face *f, const alf_face *g)
{
  size_t nodes = (size_t)f->nodes;
  return f->nodes == g->nodes && !memcmp(f->high, g->high, nodes * nodes * sizeof *f->high) &&
         !memcmp(f->group, g->group, nodes * sizeof *f->group) &&
         !memcmp(f->centre, g->centre, (size_t)f->experts * sizeof *f->centre) &&
         (alf_int128)f->slack.sum * g->slack.length == (alf_int128)g->slack.sum * f->slack.length &&
         !f->slack.length == !g->slack.length && f->unique_routing == g->unique_routing &&
         f->unique_price == g->unique_price;
}

static const char *check_solution(const struct judge *j, const alf_solution *solution)
{
  alf_face face = {0};
  alf_error err = {0};
  assert_ok(alf_face_find(&j->in.problem, solution, NULL, &face, &err), &err);
  bool same = same_face(&j->face, &face);
  alf_face_free(&face);
  return same ? NULL : "another optimal solution, another face";
}

/* The face is that of the problem, not of the solution that it was found from. Capacities no solver takes as yet. */
static const char *check_other_optima(const struct judge *j)
{
  alf_solution solution = {0};
  alf_error err = {0};
  const char *wrong = NULL;
  for (int other = 0; other < 2 && !wrong; other++) {
    alf_test_solution(&solution, &j->in.problem, other ? j->routings.last : j->routings.middle,
                      (int64_t[ALF_TINY_EXPERTS]){0});
    wrong = check_solution(j, &solution);
    alf_solution_free(&solution);
  }
  for (const alf_solver *const *solver = alf_solvers; *solver && !wrong && !j->in.problem.capacity; solver++) {
    if ((*solver)->approximate || (*solver)->can(&j->in.problem, NULL))
      continue;
    assert_ok(alf_solve(*solver, &j->in.problem, NULL, &solution, &err), &err);
    wrong = check_solution(j, &solution);
  }
  alf_solution_free(&solution);
  return wrong;
}

/* On a grid SCALE times finer every cycle mean is on the grid: slack and intervals grow by SCALE, exactly. */
static const char *check_finer_grid(struct judge *j)
{
  struct judge fine = *j;
  alf_error err = {0};
  fine.in.batch.values = fine.in.cells;
  fine.in.problem.batch = &fine.in.batch;
  fine.in.problem.capacity = j->in.problem.capacity ? fine.in.capacity : NULL;
  fine.face = (alf_face){0};
  for (int c = 0; c < ALF_TINY_CELLS; c++)
    fine.in.cells[c] *= SCALE;
  for (int c = 0; c < ALF_TINY_EXPERTS * ALF_TINY_EXPERTS; c++)
    fine.arc[c] = j->arc[c] == ALF_FACE_NONE ? ALF_FACE_NONE : SCALE * j->arc[c];
  assert_ok(alf_face_find(&fine.in.problem, &j->solution, NULL, &fine.face, &err), &err);
  const char *wrong = NULL;
  if ((alf_int128)fine.face.slack.sum * j->face.slack.length !=
      (alf_int128)j->face.slack.sum * SCALE * fine.face.slack.length)
    wrong = "slack is not in proportion to the affinities";
  else if (j->face.slack.length &&
           slack_of(&fine, fine.face.centre) * j->face.slack.length != j->face.slack.sum * SCALE)
    wrong = "the centre of a finer grid does not have the exact slack";
  for (int c = 0; c < j->face.nodes * j->face.nodes && !wrong; c++)
    if (j->face.high[c] != ALF_FACE_NONE && fine.face.high[c] != SCALE * j->face.high[c])
      wrong = "intervals are not in proportion to the affinities";
  alf_face_free(&fine.face);
  return wrong;
}

static void prepare(uint64_t seed, struct judge *j)
{
  alf_error err = {0};
  alf_tiny_build(&j->in, seed);
  alf_tiny_enumerate(&j->in, &j->routings);
  alf_test_solution(&j->solution, &j->in.problem, j->routings.first, (int64_t[ALF_TINY_EXPERTS]){0});
  assert_ok(alf_face_find(&j->in.problem, &j->solution, NULL, &j->face, &err), &err);
  j->reach = 2 * (j->in.batch.experts + 1) * (j->in.levels - 1) + 3;
  collect_optimal(j);
  measure_extremes(j);
  measure_arcs(j);
}

/* NULL, or what is wrong. */
static const char *check(uint64_t seed)
{
  struct judge j = {0};
  prepare(seed, &j);
  const char *wrong = check_intervals(&j);
  wrong = wrong ? wrong : check_centre(&j);
  if (!wrong && j.face.unique_routing != (j.routings.count == 1))
    wrong = "uniqueness of the routing is wrong";
  wrong = wrong ? wrong : check_positions(&j, seed);
  wrong = wrong ? wrong : check_other_optima(&j);
  wrong = wrong ? wrong : check_finer_grid(&j);
  free(j.optimal);
  alf_face_free(&j.face);
  alf_solution_free(&j.solution);
  return wrong;
}

static void test_faces(void **state)
{
  (void)state;
  for (uint64_t seed = 0; seed < INSTANCES; seed++) {
    const char *wrong = check(seed);
    if (wrong)
      fail_msg("%s; replay: property_face %llu", wrong, (unsigned long long)seed);
  }
}

static int replay(const char *seed)
{
  const char *wrong = check(strtoull(seed, NULL, 10));
  if (wrong)
    print_error("%s\n", wrong);
  return wrong != NULL;
}

int main(int count, char **arguments)
{
  if (count == 2)
    return replay(arguments[1]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_faces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
