#include <math.h>

#include "data/families/family.h"

enum { WORDS, NOISE, SKEW, DEAD };

static const alf_parameter parameters[] = {
    [WORDS] = {"words", 200, 1, 1e6, 1, "different tokens of the text; number r comes up with a frequency of 1/r"},
    [NOISE] = {"noise", 1e-3, 0, 1000, 0, "standard deviation of what context adds to a token's logits"},
    [SKEW] = {"skew", 1, 0, 1000, 0, "standard deviation of a constant added to each expert's logits"},
    [DEAD] = {"dead", 0.25, 0, 1, 0, "share of the experts whose logits are lower by 6"},
    {0}};

static void shift_experts(const alf_family_call *call, double *skew)
{
  alf_family_skew(call, call->value[SKEW], skew);
  for (int32_t k = 0; k < (int32_t)(call->value[DEAD] * call->experts); k++)
    skew[k] -= 6;
}

/* Numbers r + 1 that are spread evenly in logarithms have frequencies of about 1/(r + 1). */
static int64_t draw_word(const alf_family_call *call)
{
  return (int64_t)pow(call->value[WORDS] + 1, gsl_rng_uniform(call->rng)) - 1;
}

/* The streams of words lie behind those of tokens, and are the same in every batch. */
static void add_word(const alf_family_call *call, int64_t word, double *row)
{
  alf_rng_stream(call->rng, call->seed, 0, (UINT64_C(1) << 47) + (uint64_t)word);
  for (int32_t k = 0; k < call->experts; k++)
    row[k] += alf_family_normal(call->rng);
}

/* As from a router after a few steps of training, in float32: context hardly matters, so that the rows of equal words
   nearly repeat and tie. */
static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double skew[ALF_MAX_EXPERTS];
  shift_experts(call, skew);
  for (int64_t i = 0; i < call->tokens; i++) {
    double *row = values + i * call->experts;
    alf_family_token(call, i);
    int64_t word = draw_word(call);
    for (int32_t k = 0; k < call->experts; k++)
      row[k] = skew[k] + call->value[NOISE] * alf_family_normal(call->rng);
    add_word(call, word, row);
    alf_family_gate_row(row, call->experts);
    for (int32_t k = 0; k < call->experts; k++)
      row[k] = (float)row[k];
  }
  return ALF_OK;
}

const alf_family alf_family_early = {.name = "early",
                                     .summary =
                                         "gate scores early in training: rows nearly repeat, some experts are dead",
                                     .parameters = parameters,
                                     .fill = fill,
                                     .stationary = true};
