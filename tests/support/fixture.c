#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "alf/npy.h"
#include "support.h"

const double alf_fixture_step_sizes[2] = {0.01, 0.5};

bool alf_fixture_made_nothing(const alf_fixture *f)
{
  return !f->it && !f->cycle && !f->observer && !f->watch && !f->solution.row && !f->solution.price &&
         !f->solution.tokens && !f->certificate.certified && !f->certificate.max_load && !f->out.storage &&
         !f->out.tokens && !f->face.high && !f->face.group && !f->face.centre;
}

void alf_fixture_clean(alf_fixture *f)
{
  alf_source_close(f->source);
  alf_affinity_free(&f->out);
  alf_iterate_free(f->it);
  alf_cycle_free(f->cycle);
  alf_observer_free(f->observer);
  alf_watch_free(f->watch);
  alf_instance_free(&f->made);
  alf_solution_free(&f->solution);
  alf_face_free(&f->face);
  f->source = NULL;
  f->it = NULL;
  f->cycle = NULL;
  f->observer = NULL;
  f->watch = NULL;
  f->certificate = (alf_certificate){0};
  memset(f->result, 0, sizeof f->result);
}

static void write_npz(const char *npy, const char *npz)
{
  zip_t *archive = zip_open(npz, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  assert_non_null(archive);
  assert_true(zip_file_add(archive, "gate.npy", zip_source_file(archive, npy, 0, -1), 0) >= 0);
  assert_int_equal(zip_close(archive), 0);
}

static void build(void **state, alf_fixture *f)
{
  alf_error err = {0};
  alf_source *source = NULL;
  alf_instance_settings settings = {.solve = true, .crowding_count = 2, .step_size = alf_fixture_step_sizes};
  assert_ok(alf_source_open(&source, "uniform:T=7,E=4,seed=3", 0, &err), &err); /* 4 does not divide 2·7 */
  assert_ok(alf_source_next(source, &f->raw, &err), &err);
  alf_source_close(source);
  assert_ok(alf_affinity_convert(&f->raw, ALF_DYADIC, &f->batch, &err), &err);
  assert_ok(alf_instance_prepare(&f->instance, &f->batch, 2, &settings, &err), &err);
  assert_true(f->instance.solved);
  strcpy(f->npy, alf_test_path(state, "x.npy"));
  strcpy(f->written, alf_test_path(state, "y.npy"));
  const char *npz = alf_test_path(state, "x.npz");
  assert_ok(alf_npy_write(f->npy, ALF_FLOAT64, 2, (int64_t[]){7, 4}, f->raw.values, &err), &err);
  write_npz(f->npy, npz);
  snprintf(f->npz, sizeof f->npz, "%s:gate", npz);
  strcpy(f->directory, alf_test_path(state, "directory"));
  assert_int_equal(mkdir(f->directory, 0700), 0);
  for (int i = 0; i < 2; i++) {
    char member[2 * ALF_TEST_PATH];
    snprintf(member, sizeof member, "%s/%d.npy", f->directory, i);
    assert_ok(alf_npy_write(member, ALF_FLOAT64, 2, (int64_t[]){7, 4}, f->raw.values, &err), &err);
  }
}

/* The state of all tests: a fixture, with the folder its files are in. */
int alf_fixture_setup(void **state)
{
  alf_fixture *f = calloc(1, sizeof *f);
  if (!f || alf_test_folder_setup(state) != 0)
    return -1;
  build(state, f);
  f->folder = *state;
  *state = f;
  return 0;
}

int alf_fixture_teardown(void **state)
{
  alf_fixture *f = *state;
  void *folder = f->folder;
  for (int i = 0; i < 2; i++) {
    char member[2 * ALF_TEST_PATH];
    snprintf(member, sizeof member, "%s/%d.npy", f->directory, i);
    remove(member);
  }
  alf_instance_free(&f->instance);
  alf_affinity_free(&f->batch);
  alf_affinity_free(&f->raw);
  free(f);
  return alf_test_folder_teardown(&folder);
}
