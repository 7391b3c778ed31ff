/* A team: every part and every task once, also of a team of one and of none. */
#include "support.h"

#include "core/team.h"

enum { TASKS = 1000 };

static void count(void *context, int64_t i)
{
  ((int *)context)[i]++;
}

static void count_part(void *context, int part)
{
  count(context, part);
}

static void assert_counted(const int *times, int64_t tasks)
{
  for (int64_t i = 0; i < TASKS; i++)
    assert_int_equal(times[i], i < tasks);
}

/* What every thread has done is added up without atomics: no two tasks of one thread overlap. */
typedef struct dealt {
  int times[TASKS];
  int64_t done[5]; /* by each thread */
  int parts;
} dealt;

static void count_dealt(void *context, int part, int64_t i)
{
  dealt *d = context;
  if (part < 0 || part >= d->parts)
    return; /* then it is missing */
  d->done[part]++;
  d->times[i]++;
}

static void share_out(alf_team *team)
{
  for (int64_t tasks = 0; tasks <= TASKS; tasks = 2 * tasks + 1) {
    int times[TASKS] = {0};
    alf_team_share(team, tasks, count, times);
    assert_counted(times, tasks);
  }
}

static void deal_out(alf_team *team, int most)
{
  for (int parts = 1; parts <= most; parts++)
    for (int64_t tasks = 0; tasks <= TASKS; tasks = 2 * tasks + 1) {
      dealt d = {.parts = parts};
      int64_t done = 0;
      alf_team_deal(team, parts, tasks, count_dealt, &d);
      for (int part = 0; part < parts; part++)
        done += d.done[part];
      assert_int_equal(done, tasks);
      assert_counted(d.times, tasks);
    }
}

static void test_tasks(void **state)
{
  (void)state;
  alf_error err = {0};
  for (int threads = 1; threads <= 5; threads++) {
    int times[TASKS] = {0};
    alf_team *team = NULL;
    assert_ok(alf_team_alloc(&team, threads, &err), &err);
    assert_in_range(alf_team_size(team), 1, threads);
    share_out(team);
    deal_out(team, threads);
    alf_team_run(team, count_part, times);
    assert_counted(times, alf_team_size(team));
    alf_team_free(team);
  }
}

static void test_no_team(void **state)
{
  (void)state;
  assert_int_equal(alf_team_size(NULL), 1);
  share_out(NULL);
  deal_out(NULL, 1);
  alf_team_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tasks), cmocka_unit_test(test_no_team)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
