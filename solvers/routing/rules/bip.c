#include <math.h>

#include "core/select.h"
#include "routing/scores.h"

static const alf_parameter parameters[] = {{"passes", 4, 1, 1000, 1, "over thresholds and shifts in one update"}, {0}};

static size_t scratch_size(const alf_rule_shape *shape)
{
  return ((size_t)shape->tokens + (size_t)shape->experts) * sizeof(int64_t) + alf_scores_size(shape->experts) +
         alf_scores_columns_size(shape->tokens);
}

static int64_t at_rank(int64_t *value, int64_t tokens, const void *context)
{
  const int64_t *rank = context;
  return alf_select(value, tokens, *rank);
}

/* One pass from the shift −q in s->shift to the next. */
static void pass(alf_scores *s, int64_t rank, int64_t *twice, void *column, int64_t *half)
{
  for (int64_t i = 0; i < s->batch->tokens; i++) {
    int64_t threshold = alf_scores_cut(s, i).first_out;
    twice[i] = threshold > 0 ? 2 * threshold : 0;
  }
  alf_scores_columns(s, twice, column, at_rank, &rank, half);
  for (int32_t k = 0; k < s->batch->experts; k++)
    s->shift[k] = half[k] < 0 ? half[k] / 2 : 0;
}

/* BIP-based balancing, Yuan Sun, arXiv:2502.15451. The constraints are inequalities, at most K experts a token and at
   most L tokens an expert, so that their dual variables are clipped at 0: α_i = max(0, the (K+1)-th largest s_ij − q_j),
   then q_j = max(0, the (floor(L)+1)-th largest s_ij − α_i), `passes` times from the q of the batch before, which starts
   at 0; p = −q. The paper routes a batch by the q found from itself; here it routes the next one, as all rules do, which
   on a batch that repeats is the same one update later. u as in the rule quantile. The clips were checked in
   kexue.fm/archives/11619, which derives them; the paper's own tables, with several numbers of passes, were not at
   hand. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  int64_t *twice = in->scratch, *half = twice + in->tokens;
  void *column = half + in->experts;
  alf_scores s;
  alf_status status = alf_scores_open(&s, in, (char *)column + alf_scores_columns_size(in->tokens), err);
  for (int64_t n = 0; n < (int64_t)in->value[0] && status == ALF_OK; n++)
    pass(&s, in->slots / in->experts, twice, column, half);
  for (int32_t k = 0; k < in->experts && status == ALF_OK; k++)
    delta[k] = fmin(in->step_size, 1) * (ldexp((double)s.shift[k], -s.bits) - in->shift[k]);
  return status;
}

const alf_rule alf_rule_bip = {.name = "bip",
                               .summary = "p_k += u (-q_k - p_k), q >= 0 the prices of at most L tokens an expert",
                               .form = ALF_FORM_FREE,
                               .scratch_size = scratch_size,
                               .update = update,
                               .u = 1,
                               .weight = true,
                               .anchored = true,
                               .absolute = true,
                               .parameters = parameters};
