/* A search for counterexamples: small instances, step sizes, starting points and K, by random restarts and hill climbing on
   a claim's margin; and what it finds, made small. */
#ifndef ALF_HUNT_H
#define ALF_HUNT_H

#include "alf/verify.h"

enum { ALF_TRIAL_TOKENS = 48, ALF_TRIAL_EXPERTS = 8 };

/* One cell on one instance, with everything it takes to repeat it bit for bit. */
typedef struct alf_trial {
  const alf_rule *rule;
  const alf_schedule *schedule;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  double u;        /* a whole number of grid units */
  int64_t tokens;  /* at most ALF_TRIAL_TOKENS */
  int32_t experts; /* at most ALF_TRIAL_EXPERTS */
  int32_t topk;
  int32_t grid_bits; /* affinities and p^0 count units of 2^-grid_bits */
  int64_t steps;
  int64_t shift[ALF_TRIAL_EXPERTS];                       /* p^0 */
  int64_t affinity[ALF_TRIAL_TOKENS * ALF_TRIAL_EXPERTS]; /* T×E, row-major */
} alf_trial;

typedef struct alf_hunt_settings {
  const alf_claim *claim;
  const alf_cell *cell; /* rules and schedules to draw from; their u and shift do not count */
  int cells;
  uint64_t seed;
  bool (*stop)(void *context); /* true ends the search; asked after every trial */
  void *context;
} alf_hunt_settings;

typedef struct alf_hunt_result {
  int64_t tried;  /* trials, those of shrinking not among them */
  int64_t judged; /* of these, where the claim's hypotheses were met */
  double nearest; /* the smallest margin of them; NaN: none */
  bool found;
  alf_trial witness;
  alf_claim_result result; /* of the witness */
} alf_hunt_result;

/* Judges one claim on a trial. Errors: ALF_ENOMEM; ALF_EINVAL, and ALF_ERANGE for affinities of 2^41 units or more, for a
   trial that is no instance. */
alf_status alf_trial_judge(const alf_trial *trial, const alf_claim *claim, alf_claim_result *result, alf_error *err);

/* Searches until something is found or stop says so, and shrinks what was found: fewer tokens, experts and steps, smaller
   numbers, until nothing more can be taken away. What is found depends on settings alone; stop only says how far it
   goes. Errors: ALF_ENOMEM. */
alf_status alf_hunt(const alf_hunt_settings *settings, alf_hunt_result *result, alf_error *err);

#endif
