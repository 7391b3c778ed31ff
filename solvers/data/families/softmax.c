#include "data/families/family.h"

enum { SKEW, TEMPERATURE };

static const alf_parameter parameters[] = {
    [SKEW] = {"skew", 1, 0, 1000, 0, "standard deviation of a constant added to each expert's logits"},
    [TEMPERATURE] = {"temperature", 1, 0.001, 1000, 0, "what the logits are divided by"},
    {0}};

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double skew[ALF_MAX_EXPERTS];
  alf_family_skew(call, call->value[SKEW], skew);
  alf_family_gates(call, skew, call->value[TEMPERATURE], values);
  return ALF_OK;
}

const alf_family alf_family_softmax = {.name = "softmax",
                                       .summary = "gate scores: softmax of normal logits with skewed experts",
                                       .parameters = parameters,
                                       .fill = fill,
                                       .stationary = true};
