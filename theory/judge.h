/* What the claims share: keeping the smallest margin, hypotheses, and the form a rule declares. */
#ifndef ALF_THEORY_JUDGE_H
#define ALF_THEORY_JUDGE_H

#include "alf/claim.h"

/* The smallest margin of a run and where it was. Zeroed: none yet. */
typedef struct alf_least {
  bool any;
  double value;
  int64_t step;
} alf_least;

void alf_least_take(alf_least *least, double margin, int64_t step);

/* Verdict by margin: refuted below 0, else holds; inconclusive when there was none. */
void alf_judge_least(alf_claim_result *result, const alf_least *least);

/* Sets verdict and the one-line reason. */
void alf_conclude(alf_claim_result *result, alf_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void alf_add_hypothesis(alf_claim_result *result, const char *name, bool met, const char *measured, double value);
void alf_add_measure(alf_claim_result *result, const char *name, double value);

/* Is every update that of the iteration: routing by Top-K of γ + p (at sampled updates of an exact run), and of the
   form    δ_k = ε_k (L − A_k), ε_k >= 0, and the tighter one that the rule declares? */
typedef struct alf_form_check {
  int64_t violations; /* updates of another form */
  int64_t first_step;
  double routing_gap; /* the largest; above 0: not Top-K */
  int64_t routing_step;
} alf_form_check;

void alf_form_observe(alf_form_check *check, const alf_run *run, const alf_step *step, const alf_facts *facts);

/* Adds the hypothesis that routing is Top-K, and refutes when it is not. True when it is; not looked at in a
   float run. */
bool alf_routing_finish(const alf_form_check *check, const alf_run *run, alf_claim_result *result);

/* The same, and adds the hypothesis about the form. True when it is met; else the verdict is set: refuted for a rule
   that declares the form (the code does not do what it says), hypothesis not met for a rule that declares none. */
bool alf_form_finish(const alf_form_check *check, const alf_run *run, alf_claim_result *result);

/* E·(L − A_k) from the published loads before the update. */
int64_t alf_deficit(const alf_step *step, int32_t k);

/* max_k |p_k| before the update. */
double alf_largest_shift(const alf_step *step);

/* n is a power of two: where checks too dear for every update are made. */
bool alf_sampled(int64_t n);

#endif
