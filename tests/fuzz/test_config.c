/* Mutated configs of alflab run. What is refused must say so in one line; what is accepted must have cells that can be
   told (the sanitizers watch). */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "mutate.h"
#include "run/plan.h"

enum { TEXTS = 4000, MOST = 300 };

static const char *const sound[] = {
    "# A comment\n[experiment]\nkind = iterate\ntitle = A title\nseed = 7\nrepetitions = 2\n"
    "source = uniform:T=64,E=8 | softmax:T=64,E=8,skew=1\nrule = sign, smebu[kappa=1,beta=0.5]\n"
    "schedule = constant, 1/n\nu = 1e-4..1 *10, usual\nformat = none | ranks=2,loads=bfloat16\ntopk = 2\nsteps = 4\n",
    "[experiment]\nkind=verify\nsource = grid:T=32,E=4\n  uniform:T=32,E=4,seed=3\ntopk = 1..3 +1\nclaim = C1,C2 | "
    "all\n"
    "arithmetic = exact, float64\nu = 2 ; two\n",
    "[experiment]\nkind = regret\nsource = drift:T=32,E=4,batches=9\nu = 1/mu, 0.5\nwidth = 0..4 +2\ntopk = 2\n"
    "hindsight = yes\nruns=3",
    "[experiment]\nkind = solve\nsource = early:T=32,E=4\nsolver = auto | pdhg, sinkhorn\ntopk = 2\nproblem = "
    "rounded\n"};

static const char *const words[] = {"[",
                                    "]",
                                    "[experiment]\n",
                                    "=",
                                    "|",
                                    ",",
                                    "..",
                                    "*",
                                    "*10",
                                    "+1",
                                    " *",
                                    "\n",
                                    "\n  ",
                                    ";",
                                    " ;",
                                    "#",
                                    "\xef\xbb\xbf",
                                    "kind = ",
                                    "solve",
                                    "train",
                                    "source",
                                    "rule",
                                    "u = ",
                                    "title",
                                    "usual",
                                    "/mu",
                                    "1e999",
                                    "-1",
                                    "1e-320",
                                    "0x10",
                                    "nan",
                                    "10000",
                                    "1e6",
                                    "seed=",
                                    "none",
                                    "all",
                                    "C9",
                                    "./x.so",
                                    "x.npy",
                                    "/dev/zero",
                                    "uniform",
                                    "T=1e12",
                                    "E=4096",
                                    "repetitions = 1e6\n",
                                    "%s%n",
                                    "\t",
                                    "\r\n",
                                    "1..1e9 +1",
                                    "beta=",
                                    "C1,C1"};

static void check_cells(const alf_config *config)
{
  alf_plan plan;
  alf_error err = {0};
  int64_t cells = config->repetitions;
  for (int k = 0; k < config->keys && cells <= MOST; k++)
    cells *= config->values[k].count;
  if (cells > MOST)
    return;
  alf_status status = alf_plan_make(&plan, config, &err);
  if (status != ALF_OK)
    alf_test_check_refusal(status, &err);
  assert_true(status != ALF_OK || (plan.cells >= 1 && plan.cells <= cells));
  for (int64_t c = 0; status == ALF_OK && c < plan.cells; c++) {
    alf_named setting[20];
    char text[60];
    alf_experiment_cell cell = alf_plan_cell_at(&plan, c, setting);
    assert_int_equal(cell.settings, config->keys);
    alf_plan_describe(&plan, c, text, sizeof text);
    assert_true(strlen(plan.cell[c].key) == 64 && strlen(text) < sizeof text);
  }
  alf_plan_free(&plan);
}

static void test_configs(void **state)
{
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  int accepted = 0;
  for (uint64_t i = 0; i < TEXTS; i++) {
    alf_rng_stream(rng, 2, 0, i);
    const char *start = sound[alf_test_below(rng, sizeof sound / sizeof *sound)];
    alf_test_text t = {.length = strlen(start)};
    memcpy(t.bytes, start, t.length);
    alf_test_mutate(rng, &t, words, sizeof words / sizeof *words);
    char text[ALF_TEST_TEXT + 1];
    memcpy(text, t.bytes, t.length);
    text[t.length] = '\0';
    alf_config config;
    alf_error err = {0};
    alf_status status = alf_config_parse(&config, "fuzz.ini", text, i % 3 ? NULL : "u = 1;", &err);
    if (status == ALF_OK)
      check_cells(&config);
    else
      alf_test_check_refusal(status, &err);
    accepted += status == ALF_OK;
    alf_config_free(&config);
  }
  assert_true(accepted > TEXTS / 50 && accepted < TEXTS / 2);
  gsl_rng_free(rng);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_configs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
