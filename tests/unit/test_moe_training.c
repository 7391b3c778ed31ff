/* Training runs: they learn, balance by any rule, stop and resume to the same bits; and what configs and checkpoints
   refuse. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "moe/trainer.h"

#define PATH (2 * ALF_TEST_PATH)

static const char *folder;

static int make_folder(void **state)
{
  int failed = alf_test_folder_setup(state);
  folder = *state;
  return failed;
}

/* Runs leave folders with files in it. */
static int remove_folder(void **state)
{
  char command[PATH];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  int failed = system(command);
  free(*state);
  return failed;
}

static const char *in_folder(const char *name, char path[PATH])
{
  snprintf(path, PATH, "%s/%s", folder, name);
  return path;
}

static void write_text(const char *path, const char *text, int times)
{
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  while (times-- > 0)
    fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

/* A small model of a text that repeats itself. */
static alf_moe_config small(int64_t steps)
{
  alf_moe_config c = alf_moe_config_default();
  char text[PATH];
  c.shape = (alf_moe_shape){.vocabulary = 256,
                            .width = 32,
                            .heads = 2,
                            .layers = 2,
                            .experts = 8,
                            .topk = 2,
                            .hidden = 16,
                            .shared = 1,
                            .context = 24,
                            .sequences = 8};
  c.steps = steps;
  c.warm_up = 10;
  c.rate = 1e-2;
  c.validate_every = 10;
  c.validation_batches = 2;
  c.measure_every = 5;
  c.validation = 0.2;
  c.seed = 7;
  strcpy(c.text, in_folder("text", text));
  write_text(c.text, "The quick brown fox jumps over the lazy dog. ", 60);
  return c;
}

static int64_t steps_left;

static bool runs_out(void)
{
  return steps_left-- <= 0;
}

static alf_trainer_result train(const alf_moe_config *config, const char *name, bool resume, int64_t most, int threads)
{
  alf_trainer_result result;
  alf_error err = {0};
  char path[PATH];
  mkdir(in_folder(name, path), 0777);
  steps_left = most;
  alf_trainer_settings settings = {
      .config = config, .folder = path, .threads = threads, .resume = resume, .stop = runs_out};
  assert_ok(alf_train(&settings, &result, &err), &err);
  return result;
}

static void it_learns_the_text(void **state)
{
  (void)state;
  alf_moe_config c = small(250);
  alf_trainer_result r = train(&c, "learns", false, 1000, 1);
  assert_true(r.complete && r.steps == 250 && r.tokens == 250 * 8 * 24);
  assert_true(r.loss < 0.25 && r.validation < 0.25); /* only the first bytes of a sequence are not known */
  assert_true(r.floating_operations > 0);
}

/* What both left, byte by byte. */
static void assert_same_file(const char *a, const char *b, const char *name)
{
  char command[2 * PATH + 100];
  snprintf(command, sizeof command, "cmp -s %s/%s/%s %s/%s/%s", folder, a, name, folder, b, name);
  if (system(command) != 0)
    fail_msg("%s differs between %s and %s", name, a, b);
}

static void resumed_runs_are_the_same(void **state)
{
  (void)state;
  static const char *const rules[] = {"sign", "smebu", "quantile[ema=0.5]", "adagrad", "oracle"};
  for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
    alf_moe_config c = small(24);
    strcpy(c.rule, rules[r]);
    strcpy(c.schedule, "1/sqrt(n)");
    c.trace[0] = 3;
    c.trace[1] = 20;
    c.traces = 2;
    train(&c, "whole", false, 1000, 1);
    assert_false(train(&c, "parts", false, 13, 2).complete);
    alf_trainer_result end = train(&c, "parts", true, 1000, 1);
    assert_true(end.complete && end.steps == 11);
    static const char *const files[] = {"checkpoint.bin",        "steps.csv",         "layers.csv",
                                        "loads_layer1.npy",      "shifts_layer0.npy", "trace_layer1.npy",
                                        "trace_shift_layer0.npy"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++)
      assert_same_file("whole", "parts", files[f]);
  }
}

static void rules_balance_and_losses_do(void **state)
{
  (void)state;
  alf_moe_config c = small(120);
  strcpy(c.rule, "none");
  double without = train(&c, "none", false, 1000, 1).mean_max_violation;
  strcpy(c.rule, "quantile");
  double with = train(&c, "quantile", false, 1000, 1).mean_max_violation;
  strcpy(c.rule, "none");
  c.shape.auxiliary = 0.1;
  double auxiliary = train(&c, "auxiliary", false, 1000, 1).mean_max_violation;
  assert_true(with < 0.7 * without && auxiliary < 0.7 * without);
}

static alf_status try_config(const char *text, alf_error *err)
{
  alf_moe_config c;
  char path[PATH];
  write_text(in_folder("c.ini", path), text, 1);
  return alf_moe_config_read(&c, path, err);
}

static void configs_are_refused_with_their_line(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"[model]\nwidth = 0\n", "line 2: model.width = 0: expected a whole number in 2..65536"},
      {"[model]\nwidth = 12x\n", "line 2: model.width = 12x"},
      {"[model]\n\nwitdh = 64\n", "line 3: model.witdh: no such key; expected one of model.width"},
      {"[training]\nrate = nan\n", "training.rate = nan: expected a number"},
      {"[output]\ntrace = 5, 3\n", "output.trace = 5, 3: expected at most 64 steps, ascending"},
      {"[model]\nexperts = 6\n", "topk = 6: expected a whole number in 1..5"},
      {"nonsense\n", "line 1: expected [section] or key = value"},
      {"[balance]\nrule =\n", "balance.rule: expected a text"},
  };
  alf_error err = {0};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    assert_int_not_equal(try_config(cases[c][0], &err), ALF_OK);
    if (!strstr(err.text, cases[c][1]))
      fail_msg("\"%s\": expected \"%s\"", err.text, cases[c][1]);
  }
  assert_ok(try_config("[model]\nwidth = 64\nheads=2\n[balance]\nrule = smebu[beta=0.25]\n", &err), &err);
  alf_moe_config none;
  assert_int_equal(alf_moe_config_read(&none, "/nowhere.ini", &err), ALF_EIO);
}

/* A config that was printed reads back to the same. */
static void configs_print_as_they_read(void **state)
{
  (void)state;
  static char text[8192], again[8192];
  alf_moe_config c = small(10), read;
  alf_error err = {0};
  char path[PATH];
  c.trace[0] = 0;
  c.trace[1] = 9;
  c.traces = 2;
  c.u = 0.1;
  alf_moe_config_print(&c, text, sizeof text);
  write_text(in_folder("c.ini", path), text, 1);
  assert_ok(alf_moe_config_read(&read, path, &err), &err);
  alf_moe_config_print(&read, again, sizeof again);
  assert_string_equal(text, again);
}

static void broken_checkpoints_are_refused(void **state)
{
  (void)state;
  alf_moe_config c = small(6);
  alf_trainer_result result;
  alf_error err = {0};
  char path[PATH], file[PATH];
  train(&c, "broken", false, 4, 1);
  alf_trainer_settings settings = {.config = &c, .folder = in_folder("broken", path), .threads = 1, .resume = true};
  c.rate = 2e-2;
  assert_fails(alf_train(&settings, &result, &err), ALF_EFORMAT, &err, "of another config");
  c = small(6);
  write_text(c.text, "The quick brown fox jumps over the lazy cat. ", 60);
  assert_fails(alf_train(&settings, &result, &err), ALF_EFORMAT, &err, "of another text");
  c = small(6);
  in_folder("broken/checkpoint.bin", file);
  assert_int_equal(truncate(file, 9000), 0);
  assert_fails(alf_train(&settings, &result, &err), ALF_EFORMAT, &err, "ends early");
  write_text(file, "nonsense", 10);
  assert_fails(alf_train(&settings, &result, &err), ALF_EFORMAT, &err, "is no checkpoint");
  assert_int_equal(unlink(file), 0);
  assert_fails(alf_train(&settings, &result, &err), ALF_EIO, &err, "cannot be opened");
}

/* Training that diverges ends, with what it has recorded. */
static void divergence_is_told(void **state)
{
  (void)state;
  alf_moe_config c = small(50);
  alf_trainer_result result;
  alf_error err = {0};
  char path[PATH], file[PATH];
  struct stat found;
  c.rate = 1e30;
  mkdir(in_folder("diverges", path), 0777);
  alf_trainer_settings settings = {.config = &c, .folder = path, .threads = 1};
  assert_fails(alf_train(&settings, &result, &err), ALF_ERANGE, &err, "training has diverged");
  assert_true(result.steps > 0 && result.steps < 50);
  assert_int_equal(stat(in_folder("diverges/steps.csv", file), &found), 0);
  assert_int_not_equal(stat(in_folder("diverges/checkpoint.bin", file), &found), 0);
}

static void texts_are_refused(void **state)
{
  (void)state;
  alf_moe_config c = small(6);
  alf_trainer_result result;
  alf_error err = {0};
  alf_trainer_settings settings = {.config = &c, .folder = folder, .threads = 1};
  write_text(c.text, "short", 1);
  assert_fails(alf_train(&settings, &result, &err), ALF_EINVAL, &err, "expected more than 25 in either part");
  write_text(c.text, "\x1f\x8b\x08 no archive that goes on like this", 30);
  assert_fails(alf_train(&settings, &result, &err), ALF_EFORMAT, &err, "text");
  strcpy(c.text, "/nowhere/text");
  assert_fails(alf_train(&settings, &result, &err), ALF_EIO, &err, "/nowhere/text");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns_the_text),          cmocka_unit_test(resumed_runs_are_the_same),
      cmocka_unit_test(rules_balance_and_losses_do), cmocka_unit_test(configs_are_refused_with_their_line),
      cmocka_unit_test(configs_print_as_they_read),  cmocka_unit_test(broken_checkpoints_are_refused),
      cmocka_unit_test(divergence_is_told),          cmocka_unit_test(texts_are_refused),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
