/* Balancing rules: how the shift moves after a batch. */
#ifndef ALF_RULE_H
#define ALF_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/parameter.h"

/* What a rule sees at update n. */
typedef struct alf_rule_input {
  int64_t n;                 /* 1, 2, … */
  int64_t tokens;            /* T, with padding */
  int32_t experts;           /* E */
  int32_t topk;              /* K */
  int64_t slots;             /* sum of the loads: K·T, unless they were counted wrongly on purpose */
  const int64_t *load;       /* E, slots: A_k as counted, in the batch just routed unless a format has others */
  const double *shift;       /* E: p before the update, in affinity units (rounded to double in exact mode) */
  const int64_t *grid;       /* E: the same in grid units; NULL in float mode */
  const alf_affinity *batch; /* the batch just routed */
  double step_size; /* u times the schedule's factor at n; never 0: the shift then rests, and the rule is not asked */
  const double *value; /* its parameters, in the order of its table */
  void *scratch;       /* scratch_size bytes, of any content */
} alf_rule_input;

/* E·(L − A_k), L the mean load: how far expert k is below its target, in units of 1/E slot; an exact integer also when
   L is not. */
static inline int64_t alf_rule_deficit(const alf_rule_input *in, int32_t k)
{
  return in->slots - in->experts * in->load[k];
}

/* sign(L − A_k) */
static inline int alf_rule_direction(const alf_rule_input *in, int32_t k)
{
  int64_t deficit = alf_rule_deficit(in, k);
  return (deficit > 0) - (deficit < 0);
}

/* What memory may depend on. */
typedef struct alf_rule_shape {
  int64_t tokens;        /* T */
  int32_t experts, topk; /* E, K */
} alf_rule_shape;

/* The state_size of a rule that keeps one double for each expert. */
static inline size_t alf_rule_doubles(const alf_rule_shape *shape)
{
  return (size_t)shape->experts * sizeof(double);
}

/* What a rule declares about itself. The claims hold it to that. */
typedef enum alf_rule_form {
  ALF_FORM_FREE,         /* anything: momentum, clamps, centring */
  ALF_FORM_SUBGRADIENT,  /* δ_k = ε_k (L − A_k) with some ε_k >= 0: the form of the paper's Theorem 1 */
  ALF_FORM_PROPORTIONAL, /* the same with ε the published step size for all experts, in the rule's unit of loads */
  ALF_FORM_SIGN          /* δ_k = ε sign(L − A_k) with ε the published step size: DeepSeek's rule */
} alf_rule_form;

/* How the shift enters the score by which experts are chosen. */
typedef enum alf_combine {
  ALF_ADD,     /* γ + p */
  ALF_MULTIPLY /* γ (1 + p) */
} alf_combine;

/* One rule: one file in solvers/routing/rules, or in solvers/exact if it needs a solver, and one line in
   solvers/routing/registry.c. */
typedef struct alf_rule {
  const char *name;
  const char *summary; /* one line, with the formula */
  alf_rule_form form;
  /* Writes delta, E: the step p_k^{n+1} − p_k^n in affinity units. In exact mode the caller rounds it to the grid. */
  alf_status (*update)(const alf_rule_input *in, void *state, double *delta, alf_error *err);
  size_t (*state_size)(const alf_rule_shape *shape);   /* bytes of zeroed state that lasts; NULL: none */
  size_t (*scratch_size)(const alf_rule_shape *shape); /* bytes that only last for one update; NULL: none */
  alf_combine combine;
  double u;       /* the step size that the rule is used with where nobody names one; 0: 0.001 */
  bool weight;    /* u is the share of the way to a target: 1 goes all the way, and more counts as 1 */
  bool fractions; /* ALF_FORM_PROPORTIONAL: loads count as fractions of K·T, not in slots */
  bool anchored;  /* a common shift of p changes the steps (clamps do) */
  bool absolute;  /* so does a constant that is added to the affinities of a token, or it changes the selection */
  bool timed;     /* n enters other than by the step size: a state that returns need not repeat what followed */
  const alf_parameter *parameters; /* at most ALF_MAX_PARAMETERS; NULL: none */
} alf_rule;

/* The step size where nobody names one. */
static inline double alf_rule_usual_u(const alf_rule *rule)
{
  return rule->u != 0 ? rule->u : 1e-3;
}

/* Null-terminated table. */
extern const alf_rule *const alf_rules[];

/* NULL when there is none of that name. */
const alf_rule *alf_rule_find(const char *name);

/* Rules in files of their own: a shared object exports one as the symbol alf_exported_rule. Raise this whenever a field
   that a rule uses changes its meaning; a change of sizes is noticed anyway. */
#define ALF_RULE_ABI 1

typedef struct alf_rule_export {
  uint32_t abi; /* ALF_RULE_ABI; what follows has a meaning only when it is the loading program's */
  uint32_t rule_size, input_size, parameter_size; /* of the structs, in bytes, as it was compiled */
  const alf_rule *rule;
} alf_rule_export;

/* ALF_EXPORT_RULE(my_rule); at the end of such a file, compiled with -shared -fPIC. */
#define ALF_EXPORT_RULE(exported)                                                                                      \
  extern const alf_rule_export alf_exported_rule __attribute__((visibility("default")));                               \
  const alf_rule_export alf_exported_rule = {ALF_RULE_ABI, sizeof(alf_rule), sizeof(alf_rule_input),                   \
                                             sizeof(alf_parameter), &(exported)}

/* Whether a choice names a file: what stands before its bracket has a '/' or ends in ".so". */
bool alf_rule_is_file(const char *text);

/* Reads "NAME" or "NAME[KEY=VALUE,…]" into *rule and values, which has room for ALF_MAX_PARAMETERS; what is not given has
   its default. NAME may be the path of a shared object, which then stays loaded. Errors: ALF_EINVAL; ALF_EIO and
   ALF_EFORMAT for a file that cannot be opened or used. *rule is NULL exactly when there is none of that name, or none
   in the file. */
alf_status alf_rule_read(const char *text, const alf_rule **rule, double *values, alf_error *err);

#endif
