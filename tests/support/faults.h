/* Allocations that fail on demand. A test that uses this is linked with --wrap (see tests/CMakeLists.txt): the
   functions then stand between all static objects and the C library; GLPK and libzip, which are shared libraries, keep
   theirs. */
#ifndef ALF_TEST_FAULTS_H
#define ALF_TEST_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "alf/status.h"

typedef struct alf_fault_state {
  bool armed;
  bool for_good; /* the allocation fails that `fatal` numbers, and all after it; else that one alone */
  int fatal;
  int made, failed; /* allocations since it was armed */
  int live;         /* blocks taken less blocks given back, armed or not */
  size_t bytes;     /* asked of malloc and calloc since it was armed */
} alf_fault_state;

extern alf_fault_state alf_faults;

/* Counts from 0 anew; set alf_faults.armed = false to end it. */
void alf_faults_arm(int fatal, bool for_good);

/* Something to be tried with every fault there can be. */
typedef struct alf_fault_trial {
  const char *name;
  int least; /* allocations it is known to make, so that a sweep that intercepts nothing is noticed */
  alf_status (*act)(void *context, alf_error *err);
  /* Takes back what a success leaves, and looks at what a failure does; NULL: nothing is left. */
  void (*clean)(void *context, bool failed);
  void *context;
} alf_fault_trial;

/* Every allocation of the act is made to fail, one after the other: it says ALF_ENOMEM and why, and once it is cleaned
   up no block is lost. */
void alf_faults_sweep(const alf_fault_trial *trial);

#endif
