/* The facts about an update against their definitions, on made-up steps that obey no rule at all. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/facts.h"
#include "alf/random.h"

enum { T = 9, E = 5, K = 2, BITS = 4 };

/* A step with all its memory. Affinities and shifts are whole units of 1/16. */
typedef struct made_up {
  int64_t affinity[T * E], before[E], after[E], delta[E], load_before[E], load_after[E];
  double real_affinity[T * E], real_before[E], real_after[E], real_delta[E];
  uint64_t chosen_before[T], chosen_after[T];
  alf_affinity batch, real;
  alf_instance instance;
  alf_step step;
} made_up;

static int64_t whole(gsl_rng *rng, int64_t least, int64_t most)
{
  return least + (int64_t)gsl_rng_uniform_int(rng, (unsigned long)(most - least) + 1);
}

static void draw_units(gsl_rng *rng, int64_t *units, double *real, int count, int64_t size)
{
  for (int j = 0; j < count; j++) {
    units[j] = whole(rng, -size, size);
    real[j] = ldexp((double)units[j], -BITS);
  }
}

/* A random pair of experts for every token; some tokens keep theirs. */
static void draw_choice(gsl_rng *rng, uint64_t *chosen, const uint64_t *kept)
{
  for (int i = 0; i < T; i++) {
    int64_t a = whole(rng, 0, E - 2), b = whole(rng, a + 1, E - 1);
    bool keeps = kept && whole(rng, 0, 2) == 0;
    chosen[i] = keeps ? kept[i] : UINT64_C(1) << a | UINT64_C(1) << b;
  }
}

static void count(const uint64_t *chosen, int64_t *load)
{
  memset(load, 0, E * sizeof *load);
  for (int i = 0; i < T; i++)
    for (int k = 0; k < E; k++)
      load[k] += chosen[i] >> k & 1;
}

static void make_up(made_up *m, uint64_t number)
{
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  alf_rng_stream(rng, 7, 0, number);
  memset(m, 0, sizeof *m);
  draw_units(rng, m->affinity, m->real_affinity, T * E, 16);
  draw_units(rng, m->before, m->real_before, E, 40);
  draw_units(rng, m->after, m->real_after, E, 40);
  draw_units(rng, m->delta, m->real_delta, E, 3);
  draw_choice(rng, m->chosen_before, NULL);
  draw_choice(rng, m->chosen_after, m->chosen_before);
  count(m->chosen_before, m->load_before);
  count(m->chosen_after, m->load_after);
  if (number % 3 == 0)
    m->load_before[number % E]++, m->load_after[2]--;
  m->batch = (alf_affinity){ALF_DYADIC, T, E, BITS, m->affinity, NULL, 0};
  m->real = (alf_affinity){ALF_FLOAT64, T, E, 0, m->real_affinity, NULL, 0};
  m->instance = (alf_instance){.batch = &m->batch, .topk = K, .largest = 16};
  m->instance.solved = true;
  m->instance.optimum_value = whole(rng, -300, 300);
  m->instance.certificate.objective = ldexp((double)m->instance.optimum_value, -BITS) / E;
  m->step = (alf_step){.n = 1,
                       .batch_before = &m->batch,
                       .batch_after = &m->batch,
                       .topk = K,
                       .shift_before = {m->before, m->real_before},
                       .shift_after = {m->after, m->real_after},
                       .delta = {m->delta, m->real_delta},
                       .step_size = 1,
                       .chosen_before = m->chosen_before,
                       .chosen_after = m->chosen_after,
                       .load_before = m->load_before,
                       .load_after = m->load_after};
  gsl_rng_free(rng);
}

static alf_facts observe(made_up *m, bool exact)
{
  alf_observer *observer = NULL;
  alf_error err = {0};
  alf_facts facts;
  alf_step step = m->step;
  if (!exact) {
    step.batch_before = step.batch_after = &m->real;
    step.shift_before.grid = step.shift_after.grid = step.delta.grid = NULL;
  }
  assert_ok(alf_observer_alloc(&observer, &m->instance, &err), &err);
  alf_observe(observer, &step, &facts);
  alf_observer_free(observer);
  return facts;
}

static bool has(const uint64_t *chosen, int i, int k)
{
  return chosen[i] >> k & 1;
}

/* All that follows are sums of units times E: whole numbers, small enough for a double. */
static double in_units(double value)
{
  return ldexp(value, -BITS) / E;
}

/* E·(L − A_k), counted from the selections. */
static int64_t deficit(const uint64_t *chosen, int k)
{
  int64_t load = 0;
  for (int i = 0; i < T; i++)
    load += has(chosen, i, k);
  return K * T - E * load;
}

static double lagrangian(const made_up *m, const uint64_t *chosen, const int64_t *shift)
{
  int64_t sum = 0;
  for (int i = 0; i < T; i++)
    for (int k = 0; k < E; k++)
      sum += E * (m->affinity[i * E + k] + shift[k]) * has(chosen, i, k);
  for (int k = 0; k < E; k++)
    sum -= K * T * shift[k];
  return (double)sum;
}

static void check_sums(const made_up *m, const alf_facts *f, double tolerance)
{
  double benefit = 0, least = INFINITY, squared = 0, crossed = 0, slots = 0, largest = 0;
  for (int i = 0; i < T; i++) {
    double own = 0;
    bool switches = false;
    for (int k = 0; k < E; k++) {
      int turn = has(m->chosen_after, i, k) - has(m->chosen_before, i, k);
      own += (double)(E * turn * (m->affinity[i * E + k] + m->after[k]));
      switches = switches || turn;
      slots += turn > 0;
    }
    benefit += own;
    least = switches ? fmin(least, own) : least;
  }
  for (int k = 0; k < E; k++) {
    squared += (double)(m->delta[k] * deficit(m->chosen_before, k));
    crossed += (double)(m->delta[k] * deficit(m->chosen_after, k));
    largest = fmax(largest, (double)llabs(m->delta[k]));
  }
  double after = lagrangian(m, m->chosen_after, m->after);
  double change = after - lagrangian(m, m->chosen_before, m->before);
  assert_near(f->change, in_units(change), tolerance);
  assert_near(f->benefit, in_units(benefit), tolerance);
  assert_near(f->least_benefit, isinf(least) ? 0 : in_units(least), tolerance);
  assert_near(f->squared_excess, in_units(squared), tolerance);
  assert_near(f->residual, in_units(change - (benefit - squared)), tolerance);
  assert_near(f->condition, in_units(squared - benefit), tolerance);
  assert_near(f->upper_slack, in_units(-crossed - change), tolerance);
  assert_near(f->slot_slack, in_units(2 * largest * slots * E - benefit), tolerance);
  assert_true(f->has_gap);
  assert_near(f->gap, in_units(after - (double)m->instance.optimum_value), tolerance);
}

static int state(int64_t off)
{
  return off > 0 ? ALF_UNDER : off < 0 ? ALF_OVER : ALF_BALANCED;
}

static void check_moves(const made_up *m, const alf_facts *f, double tolerance)
{
  int64_t moves[3][3] = {{0}}, uphill = 0, switched = 0, slots = 0;
  double margin = INFINITY, slack = INFINITY;
  for (int i = 0; i < T; i++) {
    int left = 0;
    for (int a = 0; a < E; a++) {
      if (!has(m->chosen_before, i, a) || has(m->chosen_after, i, a))
        continue;
      left++;
      for (int b = 0; b < E; b++) {
        if (has(m->chosen_before, i, b) || !has(m->chosen_after, i, b))
          continue;
        int64_t from = deficit(m->chosen_before, a), to = deficit(m->chosen_before, b);
        double old = (double)(m->affinity[i * E + a] + m->before[a] - m->affinity[i * E + b] - m->before[b]);
        moves[state(from)][state(to)]++;
        uphill += to <= from;
        margin = fmin(margin, ldexp(old, -BITS));
        slack = fmin(slack, ldexp((double)(m->delta[b] - m->delta[a]) - old, -BITS));
      }
    }
    switched += left > 0;
    slots += left;
  }
  assert_int_equal(f->switched_tokens, switched);
  assert_int_equal(f->swapped_slots, slots);
  assert_memory_equal(f->moves, moves, sizeof moves);
  assert_int_equal(f->uphill_moves, uphill);
  assert_near(f->least_margin, margin, tolerance);
  assert_near(f->least_slack, slack, tolerance);
}

static void check_form(const made_up *m, const alf_facts *f, double tolerance)
{
  int64_t wrong = 0, miscounted = 0, crossings = 0, under = 0, over = 0, overload = 0;
  int64_t misreported = 0, sum = 0, largest = 0, counted[E], highest = INT64_MIN, lowest = INT64_MAX;
  for (int k = 0; k < E; k++) {
    int64_t off = deficit(m->chosen_before, k), later = deficit(m->chosen_after, k);
    int64_t error = llabs(m->after[k] - m->before[k] - m->delta[k]);
    wrong += off * m->delta[k] < 0 || (off == 0 && m->delta[k] != 0);
    crossings += off * later < 0;
    under += off > 0;
    over += off < 0;
    overload += off < 0 ? -off : 0;
    misreported = error > misreported ? error : misreported;
    sum += m->after[k] - m->before[k];
    largest = llabs(m->delta[k]) > largest ? llabs(m->delta[k]) : largest;
    highest = m->after[k] > highest ? m->after[k] : highest;
    lowest = m->after[k] < lowest ? m->after[k] : lowest;
  }
  count(m->chosen_before, counted);
  for (int k = 0; k < E; k++)
    miscounted += counted[k] != m->load_before[k];
  count(m->chosen_after, counted);
  for (int k = 0; k < E; k++)
    miscounted += counted[k] != m->load_after[k];
  assert_int_equal(f->wrong_way, wrong);
  assert_int_equal(f->miscounted, miscounted);
  assert_int_equal(f->crossings, crossings);
  assert_int_equal(f->under, under);
  assert_int_equal(f->over, over);
  assert_int_equal(f->overload, overload);
  assert_near(f->misreported, ldexp((double)misreported, -BITS), tolerance);
  assert_near(f->step_sum, ldexp((double)sum, -BITS), tolerance);
  assert_near(f->sign_error, ldexp((double)llabs(sum - largest * (under - over)), -BITS), tolerance);
  assert_near(f->spread, ldexp((double)(highest - lowest), -BITS), tolerance);
}

/* 5 experts do not divide 18 slots, so that no expert is on target here: that has its own test below. */
static void facts_follow_their_definitions(void **state_)
{
  (void)state_;
  for (uint64_t number = 0; number < 300; number++) {
    made_up m;
    make_up(&m, number);
    alf_facts exact = observe(&m, true), real = observe(&m, false);
    check_sums(&m, &exact, 1e-13);
    check_moves(&m, &exact, 0);
    check_form(&m, &exact, 1e-15);
    check_sums(&m, &real, real.tolerance);
    check_moves(&m, &real, real.score_tolerance);
    check_form(&m, &real, real.tolerance);
    assert_true(exact.tolerance == 0 && exact.gap_tolerance == 0 && exact.score_tolerance == 0);
    assert_true(real.tolerance > 0 && real.tolerance < 1e-11 && real.score_tolerance > 0);
    assert_near(real.gap_tolerance, real.tolerance, 0);
    m.batch.rounding_bound = 1e-3;
    assert_near(observe(&m, false).gap_tolerance, T * K * 1e-3, 1e-10);
  }
}

/* Two tokens and two experts, both on target, that change places. */
static void balanced_experts_do_not_move(void **state_)
{
  (void)state_;
  const int64_t affinity[] = {5, 5, 5, 5}, loads[] = {1, 1}, still[] = {0, 0}, moved[] = {0, 1}, down[] = {-1, 0};
  const double zero[] = {0, 0}, unit[] = {0, 1}, less[] = {-1, 0};
  const uint64_t before[] = {1, 2}, after[] = {2, 1};
  alf_affinity batch = {ALF_DYADIC, 2, 2, 0, affinity, NULL, 0};
  alf_instance instance = {.batch = &batch, .topk = 1, .largest = 5};
  alf_step step = {1, &batch, &batch, 1, {still, zero}, {still, zero}, {still, zero}, 1, before, after, loads, loads};
  alf_observer *observer = NULL;
  alf_error err = {0};
  alf_facts f;
  assert_ok(alf_observer_alloc(&observer, &instance, &err), &err);
  alf_observe(observer, &step, &f);
  assert_int_equal(f.moves[ALF_BALANCED][ALF_BALANCED], 2);
  assert_int_equal(f.uphill_moves, 2); /* equal loads are not downhill */
  assert_true(f.wrong_way == 0 && f.under == 0 && f.over == 0 && f.crossings == 0);
  assert_false(f.has_gap);
  step.delta = step.shift_after = (alf_shift){moved, unit};
  alf_observe(observer, &step, &f);
  assert_int_equal(f.wrong_way, 1);
  step.delta = step.shift_after = (alf_shift){down, less};
  alf_observe(observer, &step, &f);
  assert_int_equal(f.wrong_way, 1);
  alf_observer_free(observer);
}

static void still_steps_have_no_moves(void **state_)
{
  (void)state_;
  made_up m;
  make_up(&m, 1);
  memcpy(m.chosen_after, m.chosen_before, sizeof m.chosen_after);
  memcpy(m.load_after, m.load_before, sizeof m.load_after);
  alf_facts f = observe(&m, true);
  assert_int_equal(f.switched_tokens, 0);
  assert_true(f.benefit == 0 && f.least_benefit == 0 && isinf(f.least_margin) && isinf(f.least_slack));
}

/* Shifts of 2^59 units and more, on which doubles see multiples of 128 only: one unit too few, or too many, still
   shows. */
static void large_steps_are_compared_as_whole_numbers(void **state_)
{
  (void)state_;
  const int64_t large = (INT64_C(1) << 59) + 1;
  made_up m;
  make_up(&m, 2);
  for (int k = 0; k < E; k++) {
    int64_t off = deficit(m.chosen_before, k);
    m.delta[k] = large * ((off > 0) - (off < 0));
    m.before[k] = 0;
    m.after[k] = m.delta[k];
    m.real_delta[k] = m.real_after[k] = ldexp((double)m.delta[k], -BITS);
  }
  alf_facts f = observe(&m, true);
  assert_true(f.sign_error == 0 && f.misreported == 0 && f.wrong_way == 0);
  m.after[1] += m.after[1] > 0 ? -1 : 1;
  f = observe(&m, true);
  assert_near(f.sign_error, ldexp(1, -BITS), 0);
  assert_near(f.misreported, ldexp(1, -BITS), 0);
  memset(m.affinity, 0, sizeof m.affinity);
  memset(m.delta, 0, sizeof m.delta);
  m.after[0] = -large;
  m.after[1] = large; /* token 0 goes from expert 0 to 1: it gains 2·large, and a unit more than is allowed */
  m.delta[0] = -large;
  m.delta[1] = large - 1;
  memcpy(m.chosen_after, m.chosen_before, sizeof m.chosen_after);
  m.chosen_before[0] = 1 << 0 | 1 << 4;
  m.chosen_after[0] = 1 << 1 | 1 << 4;
  m.after[1] += 1;
  assert_near(observe(&m, true).slot_slack, -ldexp(1, -BITS), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_follow_their_definitions),
      cmocka_unit_test(balanced_experts_do_not_move),
      cmocka_unit_test(still_steps_have_no_moves),
      cmocka_unit_test(large_steps_are_compared_as_whole_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
