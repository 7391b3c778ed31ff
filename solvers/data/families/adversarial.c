#include "data/families/family.h"

enum { KIND, BLOCK, WIDTH, NOISE };

static const alf_parameter parameters[] = {
    [KIND] = {"kind", 0, 0, 4, 1,
              "0: all rows equal; 1: one dominant expert; 2: duplicated rows; 3: nearly repeating rows; "
              "4: blocks of tokens that want the same experts"},
    [BLOCK] = {"block", 16, 1, 1e9, 1, "kinds 2 and 4: tokens in a row that are alike"},
    [WIDTH] = {"width", 2, 1, ALF_MAX_EXPERTS, 1, "kind 4: experts a block wants; the next block wants the next ones"},
    [NOISE] = {"noise", 1e-4, 0, 1, 0, "kind 3: what tells the rows apart, uniform in [0, noise)"},
    {0}};

static void uniform_row(const alf_family_call *call, double *row)
{
  for (int32_t k = 0; k < call->experts; k++)
    row[k] = gsl_rng_uniform(call->rng);
}

static void equal_row(const alf_family_call *call, int64_t token, double *row)
{
  (void)token;
  alf_family_shared(call);
  uniform_row(call, row);
}

/* The same expert for all batches is ahead of every other one for every token. */
static void dominant_row(const alf_family_call *call, int64_t token, double *row)
{
  alf_family_shared(call);
  unsigned long favourite = gsl_rng_uniform_int(call->rng, (unsigned long)call->experts);
  alf_family_token(call, token);
  uniform_row(call, row);
  for (int32_t k = 0; k < call->experts; k++)
    row[k] /= 2;
  row[favourite] += 0.5;
}

static void duplicated_row(const alf_family_call *call, int64_t token, double *row)
{
  alf_family_token(call, token - token % (int64_t)call->value[BLOCK]);
  uniform_row(call, row);
}

/* As from a router before training: the token hardly matters. */
static void repeating_row(const alf_family_call *call, int64_t token, double *row)
{
  equal_row(call, token, row);
  alf_family_token(call, token);
  for (int32_t k = 0; k < call->experts; k++)
    row[k] += call->value[NOISE] * gsl_rng_uniform(call->rng);
}

static void block_row(const alf_family_call *call, int64_t token, double *row)
{
  int64_t width = (int64_t)call->value[WIDTH];
  int64_t first = token / (int64_t)call->value[BLOCK] * width;
  alf_family_token(call, token);
  uniform_row(call, row);
  for (int32_t k = 0; k < call->experts; k++)
    row[k] /= 4;
  for (int64_t j = 0; j < width && j < call->experts; j++)
    row[(first + j) % call->experts] += 0.75;
}

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  static void (*const row[])(const alf_family_call *, int64_t, double *) = {equal_row, dominant_row, duplicated_row,
                                                                            repeating_row, block_row};
  (void)err;
  int kind = (int)call->value[KIND];
  for (int64_t i = 0; i < call->tokens; i++)
    row[kind](call, i, values + i * call->experts);
  return ALF_OK;
}

const alf_family alf_family_adversarial = {.name = "adversarial",
                                           .summary = "inputs made to break things; kind says which",
                                           .parameters = parameters,
                                           .fill = fill};
