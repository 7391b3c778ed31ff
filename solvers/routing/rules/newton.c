#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "core/select.h"
#include "routing/scores.h"

enum { TIED, RIDGE };

/* A ridge of 1e-6 is far above the rounding of a factorisation of 4096 experts, so that it cannot fail. */
static const alf_parameter parameters[] = {
    [TIED] = {"tied", 0.2, 0, 1, 0, "share of the tokens, those with the smallest margins, that count as tied"},
    [RIDGE] = {"ridge", 0.3, 1e-6, 1e6, 0, "added to the Hessian's diagonal, in units of its mean"},
    {0}};

/* Working memory. */
typedef struct work {
  alf_scores scores;
  int64_t *margin, *sorted; /* T, units */
  uint64_t *key;            /* E */
  int64_t *place;           /* E: the row of each expert */
  double *hessian;          /* E×E, by rows in order: 2w times the Hessian */
  double *step;             /* E, by rows */
  int64_t width, widest;    /* w and the largest margin, units */
} work;

static size_t scratch_size(const alf_rule_shape *shape)
{
  size_t tokens = (size_t)shape->tokens, experts = (size_t)shape->experts;
  return (2 * tokens + 3 * experts + experts * experts) * sizeof(int64_t) + alf_scores_size(shape->experts);
}

static alf_status begin(work *w, const alf_rule_input *in, alf_error *err)
{
  w->margin = in->scratch;
  w->sorted = w->margin + in->tokens;
  w->place = w->sorted + in->tokens;
  w->key = (uint64_t *)(w->place + in->experts);
  w->step = (double *)(w->key + in->experts);
  w->hessian = w->step + in->experts;
  memset(w->key, 0, (size_t)in->experts * sizeof *w->key);
  memset(w->hessian, 0, (size_t)in->experts * (size_t)in->experts * sizeof *w->hessian);
  return alf_scores_open(&w->scores, in, w->hessian + (size_t)in->experts * (size_t)in->experts, err);
}

/* Margins at the cut, and a key that tells experts apart whatever their numbers. */
static void survey(work *w, const alf_rule_input *in)
{
  const alf_scores *s = &w->scores;
  for (int64_t i = 0; i < in->tokens; i++) {
    alf_cut cut = alf_scores_cut(&w->scores, i);
    w->margin[i] = w->sorted[i] = cut.last_in - cut.first_out;
    for (int32_t k = 0; k < in->experts; k++) /* twice the threshold less the affinity, modulo 2^64 */
      w->key[k] += (uint64_t)(cut.last_in + cut.first_out) - 2 * (uint64_t)(s->score[k] - s->shift[k]);
  }
}

/* The share `tied` of the tokens, but at least as many as there are experts, and as there are slots to move: far from
   balance those are not near their cut. */
static int64_t count_tied(const alf_rule_input *in)
{
  int64_t count = (int64_t)ceil(in->value[TIED] * (double)in->tokens), excess = 0;
  for (int32_t k = 0; k < in->experts; k++)
    excess += alf_rule_deficit(in, k) < 0 ? -alf_rule_deficit(in, k) : 0;
  excess /= in->experts;
  count = count > in->experts ? count : in->experts;
  count = count > excess ? count : excess;
  return count < in->tokens ? count : in->tokens;
}

/* The margin of which so many tokens have no more; where that is 0 the smallest other one, or else one unit. */
static void find_width(work *w, const alf_rule_input *in)
{
  int64_t count = count_tied(in), positive = INT64_MAX;
  w->width = alf_select(w->sorted, in->tokens, count - 1);
  w->widest = 1;
  for (int64_t i = 0; i < in->tokens; i++) {
    positive = w->margin[i] > 0 && w->margin[i] < positive ? w->margin[i] : positive;
    w->widest = w->margin[i] > w->widest ? w->margin[i] : w->widest;
  }
  if (w->width == 0)
    w->width = positive < INT64_MAX ? positive : 1;
}

static bool comes_before(const work *w, int32_t a, int32_t b)
{
  const int64_t *shift = w->scores.shift;
  return shift[a] < shift[b] || (shift[a] == shift[b] && w->key[a] < w->key[b]);
}

/* Rows in an order that does not depend on the numbers of the experts, so that no rounding below does. */
static void find_places(work *w, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++) {
    w->place[k] = 0;
    for (int32_t j = 0; j < k; j++) {
      bool before = comes_before(w, k, j);
      w->place[j] += before;
      w->place[k] += !before;
    }
  }
}

static void add_pair(work *w, int32_t experts, int32_t a, int32_t b, double weight)
{
  int64_t row = w->place[a], column = w->place[b];
  w->hessian[row * experts + row] += weight;
  w->hessian[column * experts + column] += weight;
  w->hessian[row * experts + column] -= weight;
  w->hessian[column * experts + row] -= weight;
}

/* A token that is tied counts once, in equal parts for all pairs of experts at its cut. */
static void add_token(work *w, int64_t i)
{
  int32_t experts = w->scores.batch->experts, in = 0, out = 0;
  alf_cut cut = alf_scores_cut(&w->scores, i);
  const int64_t *score = w->scores.score;
  bool equal = cut.last_in == cut.first_out;
  for (int32_t k = 0; k < experts; k++) {
    in += score[k] == cut.last_in;
    out += score[k] == cut.first_out;
  }
  double weight = equal ? 2. / (in * (in - 1.)) : 1. / ((double)in * out);
  for (int32_t a = 0; a < experts; a++)
    for (int32_t b = 0; b < experts && score[a] == cut.last_in; b++)
      if (score[b] == cut.first_out && (!equal || b > a))
        add_pair(w, experts, a, b, weight);
}

/* Writes the full step, by rows, of mean 0 and no wider than the largest margin. */
static void solve(work *w, const alf_rule_input *in)
{
  size_t experts = (size_t)in->experts;
  double trace = 0, mean = 0, least = INFINITY, most = -INFINITY, width = ldexp((double)w->width, -w->scores.bits);
  for (size_t r = 0; r < experts; r++)
    trace += w->hessian[r * experts + r];
  for (size_t r = 0; r < experts; r++)
    w->hessian[r * experts + r] += in->value[RIDGE] * trace / (double)experts;
  for (int32_t k = 0; k < in->experts; k++)
    w->step[w->place[k]] = 2 * width * ((double)alf_rule_deficit(in, k) / in->experts);
  gsl_matrix_view matrix = gsl_matrix_view_array(w->hessian, experts, experts);
  gsl_vector_view vector = gsl_vector_view_array(w->step, experts);
  gsl_linalg_cholesky_decomp1(&matrix.matrix);
  gsl_linalg_cholesky_svx(&matrix.matrix, &vector.vector);
  for (size_t r = 0; r < experts; r++) {
    mean += w->step[r] / (double)experts;
    least = fmin(least, w->step[r]);
    most = fmax(most, w->step[r]);
  }
  double limit = ldexp((double)w->widest, -w->scores.bits), factor = most - least > limit ? limit / (most - least) : 1;
  for (size_t r = 0; r < experts; r++)
    w->step[r] = factor * (w->step[r] - mean);
}

/* A damped Newton step on the dual function D, whose Hessian is a graph Laplacian (theory.md C8): −∂²D/∂p_k∂p_l is the
   density at 0, over the tokens whose Top-K ends between experts k and l, of the difference of the two scores. It is
   estimated from the tokens with a margin, |that difference|, of at most w: their number over 2w. The ridge, a
   Levenberg–Marquardt term, holds experts at which few tokens are tied. Where tokens are far from their cut D is linear
   and the step would be of any size: it is cut so that no two experts move against each other by more than the largest
   margin. u is 0.7 since few tied tokens are a noisy estimate; above 1 it counts as 1. It balances where margins are of
   one scale, and slowly where an expert has nearly all tokens. Alflab's own. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  work w;
  alf_status status = begin(&w, in, err);
  if (status != ALF_OK)
    return status;
  survey(&w, in);
  find_width(&w, in);
  find_places(&w, in->experts);
  for (int64_t i = 0; i < in->tokens; i++)
    if (w.margin[i] <= w.width)
      add_token(&w, i);
  solve(&w, in);
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = fmin(in->step_size, 1) * w.step[w.place[k]];
  return ALF_OK;
}

const alf_rule alf_rule_newton = {.name = "newton",
                                  .summary =
                                      "p += u (H + ridge)^-1 (L - A), H counts the tokens tied between two experts",
                                  .form = ALF_FORM_FREE,
                                  .scratch_size = scratch_size,
                                  .update = update,
                                  .u = 0.7,
                                  .weight = true,
                                  .parameters = parameters};
