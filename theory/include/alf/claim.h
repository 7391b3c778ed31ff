/* The claims of shared/theory.md as observers of an iteration, with verdicts. */
#ifndef ALF_CLAIM_H
#define ALF_CLAIM_H

#include "alf/cycle.h"
#include "alf/facts.h"
#include "alf/instance.h"
#include "alf/iterate.h"

typedef enum alf_verdict { ALF_HOLDS, ALF_REFUTED, ALF_HYPOTHESIS_NOT_MET, ALF_INCONCLUSIVE } alf_verdict;

/* "holds", "refuted", "hypothesis not met", "inconclusive". */
const char *alf_verdict_name(alf_verdict verdict);

/* A number with its name: the measured value of a hypothesis, or what a claim reports beside its verdict. */
typedef struct alf_measure {
  const char *name; /* static string */
  double value;
} alf_measure;

typedef struct alf_hypothesis {
  const char *name; /* static string: what is required */
  bool met;
  alf_measure measured;
} alf_hypothesis;

#define ALF_MAX_HYPOTHESES 6
#define ALF_MAX_MEASURES   10

typedef struct alf_claim_result {
  alf_verdict verdict;
  double margin; /* distance from failing in the claim's own unit: negative exactly when refuted; NaN: not measured */
  int64_t worst_step; /* the update with the smallest margin; 0: none, or the claim is static */
  int64_t steps;      /* updates observed */
  int hypotheses, measures;
  alf_hypothesis hypothesis[ALF_MAX_HYPOTHESES];
  alf_measure measure[ALF_MAX_MEASURES];
  char reason[256]; /* one line: why this verdict */
} alf_claim_result;

/* What a deliberately false variant of a claim leaves out or overstates: the hunt must find what is wrong with it. */
typedef struct alf_falsehood {
  bool unconditional; /* C2: the Lagrangian never rises, condition or not */
  bool any_rule;      /* C3: tokens move downhill under any rule, also with momentum */
  bool any_start;     /* C4: whatever p^0 */
  bool narrow;        /* C4: the band of integer L for every L */
  bool understated;   /* C4: with q − 1 for q */
} alf_falsehood;

/* One run as the claims know it. */
typedef struct alf_run {
  const alf_instance *instance;
  const alf_rule *rule;
  const alf_schedule *schedule;
  double u; /* as it is in the format of steps */
  bool exact;
  const alf_cycle_info *cycle;    /* set before finish: the confirmed limit cycle, or NULL */
  const alf_falsehood *falsehood; /* of the claim that is asked; NULL: none */
  const alf_format *format;       /* NULL: none */
} alf_run;

/* What a claim needs to know of the batch. */
enum { ALF_NEEDS_OPTIMUM = 1, ALF_NEEDS_CROWDING = 2, ALF_NEEDS_CURVATURE = 4 };

/* One claim: one file in theory/claims and one line in theory/registry.c. `state` is state_size bytes, zeroed. */
typedef struct alf_claim {
  const char *id;       /* "C1" */
  const char *title;    /* one line */
  const char *citation; /* where the statement and its proof are */
  /* For the table of claims, a phrase or two each, without bars; NULL in a false variant: what is claimed, of what, how it
     is checked, and in which numbers. */
  const char *statement, *hypotheses, *method, *arithmetic;
  bool fixed_by_batch; /* says something about the batch alone: judged once, not once for each rule and step size */
  unsigned needs;      /* ALF_NEEDS_… or 0 */
  const alf_falsehood *falsehood; /* NULL: none, the claim itself */
  size_t state_size;
  /* Any of begin and observe may be NULL. observe is called after every update, in order. */
  void (*begin)(void *state, const alf_run *run);
  void (*observe)(void *state, const alf_run *run, const alf_step *step, const alf_facts *facts);
  void (*finish)(void *state, const alf_run *run, alf_claim_result *result);
} alf_claim;

/* Null-terminated table. */
extern const alf_claim *const alf_claims[];

/* Deliberately false variants of them, which the hunt is tried on. */
extern const alf_claim *const alf_false_claims[];

/* About runs over fresh batches, which alf_watch does not see: alf_regret_judge (C9) and alf_hindsight_judge (C10) give
   the verdicts. Here is only what is said of them; begin, observe and finish are NULL. */
extern const alf_claim *const alf_online_claims[];

/* In alf_claims and alf_false_claims; NULL when there is none of that id. */
const alf_claim *alf_claim_find(const char *id);

#endif
