/* What tests of failing allocations work on. */
#ifndef ALF_TEST_FIXTURE_H
#define ALF_TEST_FIXTURE_H

#include "alf/cycle.h"
#include "alf/face.h"
#include "alf/judge.h"
#include "alf/solver.h"
#include "alf/source.h"
#include "alf/verify.h"
#include "files.h"

/* What the operations work on, and what they make. */
typedef struct alf_fixture {
  void *folder;
  char npy[ALF_TEST_PATH], npz[ALF_TEST_PATH], directory[ALF_TEST_PATH], written[ALF_TEST_PATH];
  alf_affinity raw, batch;
  alf_instance instance; /* of batch, solved */
  const alf_solver *solver;
  alf_problem problem;
  alf_source *source;
  alf_affinity out;
  alf_iterate *it;
  alf_cycle *cycle;
  alf_observer *observer;
  alf_watch *watch;
  alf_instance made;
  alf_solution solution;
  alf_certificate certificate;
  alf_face face;
  alf_claim_result result[16];
} alf_fixture;

/* Two of them, one on the grid and one not. */
extern const double alf_fixture_step_sizes[2];

/* Of cmocka's groups: the state of all tests is a fixture, with the folder its files are in. */
int alf_fixture_setup(void **state);
int alf_fixture_teardown(void **state);

/* Whether no operation has left anything. */
bool alf_fixture_made_nothing(const alf_fixture *f);

/* Frees what operations have made. */
void alf_fixture_clean(alf_fixture *f);

#endif
