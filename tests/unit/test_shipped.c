/* Files that come with the program: where they are found, and how it is said that they are not. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shipped.h"

static void assert_has(const char *folder, const char *name)
{
  char path[ALF_SHIPPED_PATH + 100];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(access(path, R_OK), 0);
}

static void are_found_beside_the_program(void **state)
{
  (void)state;
  char path[ALF_SHIPPED_PATH];
  alf_error err = {0};
  unsetenv("ALFLAB_ANYTHING");
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err), &err);
  assert_has(path, "style.gp");
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "data", path, &err), &err);
  assert_has(path, "router_sign_step200.npy");
  assert_string_equal(path, ALF_SOURCE_DIR "/experiments/data"); /* links are followed */
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "configs", path, &err), &err);
  assert_has(path, "moe_small.ini");
}

/* Wherever the process is. */
static void the_working_folder_does_not_matter(void **state)
{
  (void)state;
  char before[ALF_SHIPPED_PATH], path[ALF_SHIPPED_PATH];
  alf_error err = {0};
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir("/"), 0);
  alf_status status = alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err);
  assert_int_equal(chdir(before), 0);
  assert_ok(status, &err);
  assert_has(path, "style.gp");
}

static void the_environment_comes_first(void **state)
{
  (void)state;
  char path[ALF_SHIPPED_PATH];
  alf_error err = {0};
  setenv("ALFLAB_ANYTHING", "no/such folder", 1);
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err), &err);
  assert_string_equal(path, "no/such folder");
  setenv("ALFLAB_ANYTHING", "", 1); /* as if it were not set */
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err), &err);
  assert_has(path, "style.gp");
  unsetenv("ALFLAB_ANYTHING");
}

static void what_is_missing_is_named(void **state)
{
  (void)state;
  static char longest[ALF_SHIPPED_PATH + 1];
  char path[ALF_SHIPPED_PATH];
  alf_error err = {0};
  assert_fails(alf_shipped_folder("ALFLAB_ANYTHING", "nothing", path, &err), ALF_EIO, &err,
               "share/alflab/nothing, which comes with the program: No such file");
  assert_non_null(strstr(err.text, "ALFLAB_ANYTHING can name another folder"));
  memset(longest, 'x', ALF_SHIPPED_PATH);
  setenv("ALFLAB_ANYTHING", longest, 1);
  assert_fails(alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err), ALF_EINVAL, &err, "ALFLAB_ANYTHING=xxx");
  longest[ALF_SHIPPED_PATH - 1] = '\0';
  setenv("ALFLAB_ANYTHING", longest, 1);
  assert_ok(alf_shipped_folder("ALFLAB_ANYTHING", "plots", path, &err), &err);
  unsetenv("ALFLAB_ANYTHING");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(are_found_beside_the_program),
      cmocka_unit_test(the_working_folder_does_not_matter),
      cmocka_unit_test(the_environment_comes_first),
      cmocka_unit_test(what_is_missing_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
