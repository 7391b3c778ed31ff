/* One update told by hand, and claims that judge it. Include after support.h. */
#ifndef ALF_TEST_TOLD_H
#define ALF_TEST_TOLD_H

#include "alf/claim.h"

enum { ALF_TOLD_TOKENS = 6, ALF_TOLD_EXPERTS = 3, ALF_TOLD_BITS = 4 };

/* Six tokens, three experts, L = 2. Loads (3 2 1) become (2 2 2): one token goes from expert 0 to expert 2 after a sign
   step of one grid unit. */
typedef struct alf_told {
  int64_t affinity[ALF_TOLD_TOKENS * ALF_TOLD_EXPERTS], before[ALF_TOLD_EXPERTS], after[ALF_TOLD_EXPERTS],
      delta[ALF_TOLD_EXPERTS], load_before[ALF_TOLD_EXPERTS], load_after[ALF_TOLD_EXPERTS];
  double real_before[ALF_TOLD_EXPERTS], real_after[ALF_TOLD_EXPERTS], real_delta[ALF_TOLD_EXPERTS];
  uint64_t chosen_before[ALF_TOLD_TOKENS], chosen_after[ALF_TOLD_TOKENS];
  int64_t under_minus_over[ALF_TOLD_EXPERTS];
  alf_affinity batch;
  alf_crowding crowding;
  alf_cycle_info cycle;
  alf_instance instance;
  alf_run run;
  alf_step step;
  alf_facts facts;
  alf_claim_result result;
} alf_told;

/* Tells it anew: all its numbers are right. The run is exact, of the sign rule with a constant step of one
   grid unit. */
void alf_tell(alf_told *told);

/* One claim on the update as told: the name of the verdict; the rest is in told->result. */
const char *alf_judge_told(alf_told *told, const char *id);

/* C4 on three updates from `first` on, told by the loads of four iterates. */
const char *alf_judge_loads(alf_told *told, const int64_t loads[4][ALF_TOLD_EXPERTS], int64_t first);

/* A measure of the result; fails the test when there is none of that name. */
double alf_told_measure(const alf_told *told, const char *name);

#endif
