/* Every allocation that libalf makes is made to fail, one after the other: the call says ALF_ENOMEM, leaves nothing
   half built, and loses no memory. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/cycle.h"
#include "alf/face.h"
#include "alf/judge.h"
#include "alf/new_file.h"
#include "alf/npy.h"
#include "alf/solver.h"
#include "alf/source.h"
#include "alf/verify.h"
#include "exact/solution.h"
#include "faults.h"
#include "files.h"
#include "fixture.h"

static alf_status read_source(alf_fixture *f, const char *input, alf_error *err)
{
  alf_status status = alf_source_open(&f->source, input, 0, err);
  return status == ALF_OK ? alf_source_next(f->source, &f->out, err) : status;
}

static alf_status read_family(alf_fixture *f, alf_error *err)
{
  return read_source(f, "softmax:T=6,E=4,skew=2", err);
}

static alf_status read_npy(alf_fixture *f, alf_error *err)
{
  return read_source(f, f->npy, err);
}

static alf_status read_npz(alf_fixture *f, alf_error *err)
{
  return read_source(f, f->npz, err);
}

static alf_status read_directory(alf_fixture *f, alf_error *err)
{
  return read_source(f, f->directory, err);
}

static alf_status write_npy(alf_fixture *f, alf_error *err)
{
  return alf_npy_write(f->written, ALF_FLOAT64, 2, (int64_t[]){f->raw.tokens, f->raw.experts}, f->raw.values, err);
}

static alf_status write_rows(alf_fixture *f, alf_error *err)
{
  alf_npy_rows rows = {0};
  alf_status status = alf_npy_rows_open(&rows, f->written, f->raw.experts, err);
  if (status == ALF_OK)
    status = alf_npy_rows_commit(&rows, err);
  alf_npy_rows_close(&rows);
  return status;
}

static alf_status to_dyadic(alf_fixture *f, alf_error *err)
{
  return alf_affinity_convert(&f->raw, ALF_DYADIC, &f->out, err);
}

static alf_status to_float64(alf_fixture *f, alf_error *err)
{
  return alf_affinity_convert(&f->batch, ALF_FLOAT64, &f->out, err);
}

/* Single precision, and back in the memory of the same batch. */
static alf_status there_and_back(alf_fixture *f, alf_error *err)
{
  alf_affinity single = {0};
  alf_status status = alf_affinity_convert(&f->raw, ALF_FLOAT32, &single, err);
  if (status == ALF_OK)
    status = alf_affinity_take(&single, ALF_DYADIC, &f->out, err);
  alf_affinity_free(&single);
  return status;
}

static alf_status copy_dyadic(alf_fixture *f, alf_error *err)
{
  return alf_affinity_convert(&f->batch, ALF_DYADIC, &f->out, err);
}

static alf_status iterate(alf_fixture *f, const alf_affinity *batch, const alf_rule *rule, const char *text,
                          alf_error *err)
{
  alf_format format;
  alf_iterate_settings settings = {rule, alf_schedules[0], 0.1, 2, .format = &format};
  const alf_step *step;
  assert_ok(alf_format_read(text, &format, err), err);
  alf_status status = alf_iterate_alloc(&f->it, batch, &settings, err);
  if (status == ALF_OK)
    status = alf_iterate_start(f->it, batch, err);
  for (int n = 0; n < 3 && status == ALF_OK; n++)
    status = alf_iterate_step(f->it, batch, &step, err);
  return status;
}

static alf_status iterate_exactly(alf_fixture *f, alf_error *err)
{
  return iterate(f, &f->batch, alf_rules[0], "loads=bfloat16,ranks=3,stale=1,padding=1,groups=2,kept=1", err);
}

static alf_status iterate_with_state(alf_fixture *f, alf_error *err)
{
  return iterate(f, &f->raw, alf_rule_find("ema"), NULL, err);
}

/* Which takes memory while it solves. */
static alf_status iterate_to_the_optimum(alf_fixture *f, alf_error *err)
{
  return iterate(f, &f->raw, alf_rule_find("oracle"), NULL, err);
}

static alf_status make_cycle(alf_fixture *f, alf_error *err)
{
  return alf_cycle_alloc(&f->cycle, 4, 48, 100, err);
}

static alf_status make_observer(alf_fixture *f, alf_error *err)
{
  return alf_observer_alloc(&f->observer, &f->instance, err);
}

static alf_run run_of(alf_fixture *f)
{
  return (alf_run){&f->instance, alf_rule_find("sign"), alf_schedule_find("constant"), 0.01, true, NULL};
}

static alf_status make_watch(alf_fixture *f, alf_error *err)
{
  alf_run run = run_of(f);
  return alf_watch_alloc(&f->watch, &run, alf_claims, 100, err);
}

static alf_status verify_cell(alf_fixture *f, alf_error *err)
{
  alf_cell cell = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.01};
  alf_verify_settings settings = {.steps = 5, .cycle_steps = 50, .exact = true, .claims = alf_claims};
  memset(f->result, 0, sizeof f->result);
  return alf_verify_cell(&f->instance, NULL, &cell, &settings, f->result, err);
}

static alf_status prepare_instance(alf_fixture *f, alf_error *err)
{
  alf_instance_settings settings = {.solve = true, .crowding_count = 2, .step_size = alf_fixture_step_sizes};
  return alf_instance_prepare(&f->made, &f->batch, 2, &settings, err);
}

static alf_status solve(alf_fixture *f, alf_error *err)
{
  alf_solve_settings settings = {.threads = 1};
  return alf_solve(f->solver, &f->problem, &settings, &f->solution, err);
}

static alf_status solve_on_three(alf_fixture *f, alf_error *err)
{
  alf_solve_settings settings = {.threads = 3};
  return alf_solve(f->solver, &f->problem, &settings, &f->solution, err);
}

/* Repairs may need more entries than a vertex has. */
static alf_status make_room(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  alf_status status = alf_solution_alloc(&f->solution, &problem, err);
  return status == ALF_OK ? alf_solution_reserve(&f->solution, f->solution.room + 1, err) : status;
}

static alf_status certify(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  return alf_certify(&problem, &f->instance.optimum, &f->certificate, err);
}

static alf_status find_face(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  return alf_face_find(&problem, &f->instance.optimum, NULL, &f->face, err);
}

static alf_status place_shift(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  alf_face_position position;
  alf_status status = alf_face_find(&problem, &f->instance.optimum, NULL, &f->face, err);
  return status ? status : alf_face_place(&f->face, &problem, &f->instance.optimum, f->face.centre, &position, err);
}

/* Loads of 7·2/4 slots: amounts are in halves, and brought to a vertex. */
static alf_status judge(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  alf_judgement judgement;
  return alf_judge(&problem, &f->instance.optimum, NULL, &judgement, err);
}

/* With too few columns and a price that is wrong, so that columns are added. */
static alf_status judge_wrong_price(alf_fixture *f, alf_error *err)
{
  alf_problem problem = {&f->batch, 2, ALF_FRACTIONAL};
  alf_judge_settings settings = {.columns = 1};
  alf_judgement judgement;
  f->instance.optimum.price[1] += INT64_C(1) << 42;
  alf_status status = alf_judge(&problem, &f->instance.optimum, &settings, &judgement, err);
  f->instance.optimum.price[1] -= INT64_C(1) << 42;
  return status;
}

typedef struct operation {
  const char *name;
  alf_status (*act)(alf_fixture *f, alf_error *err);
  int least;  /* as in alf_fault_trial */
  bool loose; /* may leave a part behind that alf_fixture_clean() takes back */
} operation;

/* An operation at work. */
typedef struct attempt {
  const operation *operation;
  alf_fixture *fixture;
} attempt;

static alf_status act(void *opaque, alf_error *err)
{
  const attempt *a = opaque;
  return a->operation->act(a->fixture, err);
}

static void clean(void *opaque, bool failed)
{
  const attempt *a = opaque;
  if (failed && !a->operation->loose && !alf_fixture_made_nothing(a->fixture))
    fail_msg("%s fails: something is left behind", a->operation->name);
  alf_fixture_clean(a->fixture);
}

static void sweep(const operation *o, alf_fixture *f)
{
  alf_faults_sweep(&(alf_fault_trial){o->name, o->least, act, clean, &(attempt){o, f}});
}

static void every_allocation_may_fail(void **state)
{
  static const operation operations[] = {
      {"family source", read_family, 5, true},
      {".npy source", read_npy, 5, true},
      {".npz source", read_npz, 6, true},
      {"directory source", read_directory, 10, true},
      {".npy writer", write_npy, 1, false},
      {".npy rows", write_rows, 1, false},
      {"to dyadic", to_dyadic, 1, false},
      {"to float64", to_float64, 1, false},
      {"to float32 and back", there_and_back, 2, false},
      {"copy", copy_dyadic, 1, false},
      {"exact iteration", iterate_exactly, 22, false}, /* with all of a format that takes memory */
      {"float iteration", iterate_with_state, 10, false},
      {"oracle's iteration", iterate_to_the_optimum, 60, true},
      {"cycle", make_cycle, 4, false},
      {"observer", make_observer, 7, false},
      {"watch", make_watch, 15, false},
      {"cell", verify_cell, 25, true},
      {"instance", prepare_instance, 30, true},
      {"certificate", certify, 4, false},
      {"room for repairs", make_room, 6, true},
      {"face", find_face, 15, false},
      {"judge", judge, 26, false},
      {"judge of wrong prices", judge_wrong_price, 26, false},
      {"place of a shift", place_shift, 21, true},
  };
  for (size_t o = 0; o < sizeof operations / sizeof *operations; o++)
    sweep(&operations[o], *state);
}

static void every_solver_may_run_out_of_memory(void **state)
{
  alf_fixture *f = *state;
  for (int s = 0; alf_solvers[s]; s++)
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
      operation o = {alf_solvers[s]->name, solve, 10, false};
      f->solver = alf_solvers[s];
      f->problem = (alf_problem){&f->batch, 2, (alf_problem_kind)kind};
      sweep(&o, f);
    }
}

/* More experts than tokens, where paths leave several boxes; rows that nearly repeat, which have a coarse copy, and of
   whose paths a few are left in the end; and those that become groups. */
static void exchange_may_run_out_of_memory_where_it_is_hard(void **state)
{
  alf_fixture *f = *state;
  static const char *const inputs[] = {"uniform:T=30,E=40", "early:T=800,E=12,seed=3", "early:T=800,E=12,seed=9"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    alf_affinity batch = {0};
    operation o = {inputs[i], solve, 30, false};
    alf_test_batch(inputs[i], &batch);
    f->solver = alf_solver_find("exchange");
    f->problem = (alf_problem){&batch, 2, ALF_FRACTIONAL};
    sweep(&o, f);
    alf_affinity_free(&batch);
  }
}

/* Which thread meets the fault depends on chance; that it ends the solve does not. */
static void threads_may_run_out_of_memory(void **state)
{
  alf_fixture *f = *state;
  alf_affinity batch = {0};
  operation o = {"three threads", solve_on_three, 30, false};
  alf_test_batch("softmax:T=3000,E=24", &batch);
  f->solver = alf_solver_find("exchange");
  f->problem = (alf_problem){&batch, 2, ALF_FRACTIONAL};
  sweep(&o, f);
  alf_affinity_free(&batch);
}

static void verdicts_without_memory_are_inconclusive(void **state)
{
  alf_fixture *f = *state;
  for (int fatal = 0; fatal < 30; fatal++) {
    alf_error err = {0};
    alf_faults_arm(fatal, false);
    alf_status status = verify_cell(f, &err);
    alf_faults.armed = false;
    assert_int_equal(status, alf_faults.failed ? ALF_ENOMEM : ALF_OK);
    for (int c = 0; alf_claims[c]; c++) {
      bool decided = alf_claims[c]->fixed_by_batch && f->result[c].hypotheses > 0;
      if (alf_faults.failed && f->result[c].verdict == ALF_HOLDS && !decided)
        fail_msg("allocation %d fails: %s holds all the same", fatal, alf_claims[c]->id);
      assert_true(f->result[c].reason[0]);
    }
    alf_fixture_clean(f);
  }
}

/* Bytes that an iteration of T tokens takes, E = 64; its updates take none. */
static size_t bytes_of_iteration(int64_t tokens, alf_dtype dtype, bool eager)
{
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  const alf_step *step;
  assert_ok(alf_affinity_alloc(&batch, dtype, tokens, 64, &err), &err);
  memset(batch.storage, 0, (size_t)tokens * 64 * (dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double)));
  alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.25, 8};
  settings.eager = eager;
  settings.threads = 1;
  alf_faults_arm(-1, false);
  assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
  size_t bytes = alf_faults.bytes;
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  for (int n = 0; n < 5; n++)
    assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
  alf_faults.armed = false;
  assert_true(bytes > 0 && alf_faults.bytes == bytes);
  alf_iterate_free(it);
  alf_affinity_free(&batch);
  return bytes;
}

static void an_iteration_takes_32_bytes_a_token(void **state)
{
  (void)state;
  for (int dtype = ALF_FLOAT32; dtype <= ALF_DYADIC; dtype++)
    for (int eager = 0; eager < 2; eager++) {
      size_t more =
          bytes_of_iteration(20000, (alf_dtype)dtype, eager) - bytes_of_iteration(10000, (alf_dtype)dtype, eager);
      if (more < 16 * 10000 || more > 32 * 10000)
        fail_msg("type %d, %s: %g bytes a token, expected 16 to 32", dtype, eager ? "eager" : "lazy",
                 (double)more / 1e4);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(every_solver_may_run_out_of_memory),
      cmocka_unit_test(exchange_may_run_out_of_memory_where_it_is_hard),
      cmocka_unit_test(threads_may_run_out_of_memory),
      cmocka_unit_test(verdicts_without_memory_are_inconclusive),
      cmocka_unit_test(an_iteration_takes_32_bytes_a_token),
  };
  return cmocka_run_group_tests(tests, alf_fixture_setup, alf_fixture_teardown);
}
