/* Prediction and correction on the LP, after S. Xu and B. He, arXiv:2603.00644 (2026). From the description of that
   paper in this project's issue and its abstract: primal-dual hybrid gradients as the predictor, step sizes τ and σ
   with 1/(τσ) set by the average spectrum of A, the mean squared norm of its columns, here 2, instead of ‖A‖² = T +
   E; a contraction as the correction, with a computed step length; primal and dual weights balanced as it goes. The
   paper itself was not at hand. Reconstructed here, so not necessarily as there:

   With v = (x, y), y = (θ, −p), the prediction is x~ = clamp(x + τ(γ − Aᵀy)), y~ = y + σq, q = A x~ − b, and
   satisfies the variational inequality of the LP with (v − v~)ᵀQ(v − v~) where Q = [1/τ, −Aᵀ; 0, 1/σ]. In the norm of
   G = diag(1/τ, 1/σ) the direction is d = G⁻¹Q(v − v~), and v moves along −d by RELAXED times N/‖d‖², N = (v −
   v~)ᵀQ(v − v~), which brings it closer to every solution (B. He and X. Yuan). With steps this long N need not be
   positive. Where it is not safely so, q is taken at x instead of x~: then Q gains A as its lower left block, the
   cross terms cancel, and N is the whole squared length for any step sizes. The weights follow the ratio of how far
   (θ, p) and x have moved (PDLP), ever more rarely, and not in the first steps, whose long moves of x mislead them.
   Where the load has a range L_k is its mean. */
#include <math.h>
#include <stdbool.h>

#include "firstorder/common.h"
#include "firstorder/sweep.h"

enum {
  ITERATIONS = 20000,
  FIRST_BALANCE = 100, /* the iteration after which the weights are looked at; then at twice as many each time */
};

#define AVERAGE_SPECTRUM 2.0 /* every column of A has two ones */
#define RELAXED          1.5 /* of the computed step length; contracts below 2 */
#define SAFE             0.1 /* the least N, of the squared length of the prediction's step */

typedef struct workspace {
  alf_first_order run;
  alf_sweep sweep; /* its mark is where the weights were last looked at */
  alf_sweep_move move;
  double primal_step, dual_step; /* τ and σ */
  int64_t balance_due;           /* the iteration at which the weights are looked at next */
} workspace;

/* Sums over rows and columns, with q = A x~ − b, e = A x − b and c = q − e. */
typedef struct residuals {
  double predicted, iterate, cross_predicted, cross_iterate; /* q², e², q·c, e·c */
  double back_predicted, back_iterate;                       /* |Aᵀq|², |Aᵀe|² */
} residuals;

/* Measured: 4.2 s at 4096 × 64, K = 6, to a tolerance of 1e-4. */
static double estimate(const alf_problem *problem)
{
  return 1.6e-5 * (double)problem->batch->tokens * problem->batch->experts;
}

/* |Aᵀv|² of Σ v_i and Σ v_i² over rows and over columns: Σ_ik (v_i + v_k)². */
static double back_square(const alf_sweep *s, double rows, double rows_square, double loads, double loads_square)
{
  return (double)s->experts * rows_square + (double)s->tokens * loads_square + 2 * rows * loads;
}

static residuals measure(const workspace *w)
{
  const alf_sweep *s = &w->sweep;
  double sum[2][2] = {0}, square[2][2] = {0}, cross[2] = {0}; /* prediction, iterate; rows, columns */
  for (int side = 0; side < 2; side++) {
    int64_t count = side ? s->experts : s->tokens;
    for (int64_t n = 0; n < count; n++) {
      double change = side ? s->load_change[n] : s->row_change[n];
      double at[2] = {side ? s->load[n] - s->target[n] : s->row[n] - s->topk};
      at[1] = at[0] - change;
      for (int which = 0; which < 2; which++) {
        sum[which][side] += at[which];
        square[which][side] += at[which] * at[which];
        cross[which] += at[which] * change;
      }
    }
  }
  return (residuals){square[0][0] + square[0][1],
                     square[1][0] + square[1][1],
                     cross[0],
                     cross[1],
                     back_square(s, sum[0][0], square[0][0], sum[0][1], square[0][1]),
                     back_square(s, sum[1][0], square[1][0], sum[1][1], square[1][1])};
}

/* v moves by `length` along −d; the dense part of that is done by the next pass. */
static void correct(workspace *w, double length, bool at_prediction)
{
  alf_sweep *s = &w->sweep;
  double dual = length * w->dual_step, shift = dual * w->primal_step;
  for (int64_t i = 0; i < s->tokens; i++) {
    double off = s->row[i] - s->topk;
    s->token_shift[i] = shift * (at_prediction ? off : off - s->row_change[i]);
    s->threshold[i] += dual * off;
  }
  for (int32_t k = 0; k < s->experts; k++) {
    double off = s->load[k] - s->target[k];
    s->expert_shift[k] = -shift * (at_prediction ? off : off - s->load_change[k]);
    s->price[k] -= dual * off;
  }
  w->move = (alf_sweep_move){.forward = length};
}

static void set_steps(workspace *w, double weight)
{
  w->primal_step = 1 / (weight * sqrt(AVERAGE_SPECTRUM));
  w->dual_step = weight / sqrt(AVERAGE_SPECTRUM);
}

/* The weights follow how far x and the prices have moved since the last look. */
static void balance(workspace *w, int64_t n)
{
  if (n < w->balance_due)
    return;
  w->balance_due = 2 * n;
  double ratio = alf_sweep_set_mark(&w->sweep, w->sweep.threshold, w->sweep.price);
  if (ratio > 0)
    set_steps(w, sqrt(ratio * sqrt(w->dual_step / w->primal_step)));
}

static alf_status step(void *opaque, int64_t n, alf_deadline deadline, bool *last, alf_error *err)
{
  (void)deadline;
  (void)err;
  workspace *w = opaque;
  alf_sweep_run(&w->sweep, w->move, w->primal_step);
  residuals r = measure(w);
  double primal = w->sweep.change / w->primal_step, sigma = w->dual_step;
  double product = primal + sigma * (r.predicted - r.cross_predicted);
  bool at_prediction = product > SAFE * (primal + sigma * r.predicted);
  if (!at_prediction)
    product = primal + sigma * r.iterate;
  double cross = at_prediction ? r.cross_predicted : r.cross_iterate;
  double back = at_prediction ? r.back_predicted : r.back_iterate;
  double square = primal - 2 * sigma * cross + w->primal_step * sigma * sigma * back + sigma * r.predicted;
  *last = !(square > 0);
  correct(w, *last ? 0 : RELAXED * product / square, at_prediction);
  balance(w, n);
  return ALF_OK;
}

static void view(void *opaque, alf_first_order_iterate *iterate)
{
  workspace *w = opaque;
  iterate->price = w->sweep.price;
  iterate->x = w->sweep.predicted;
}

static alf_status prepare(void *opaque, alf_error *err)
{
  workspace *w = opaque;
  alf_status status = alf_sweep_open(&w->sweep, w->run.problem, &w->run.memory, err);
  if (!status)
    set_steps(w, alf_sweep_weight(&w->sweep));
  w->balance_due = FIRST_BALANCE;
  return status;
}

static alf_status setup(void **opaque, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  static const alf_first_order_method method = {
      "pdhg-average-spectrum", ITERATIONS, sizeof(struct workspace), prepare, step, view};
  return alf_first_order_setup(opaque, &method, problem, settings, err);
}

const alf_solver alf_solver_pdhg_average_spectrum = {
    .name = "pdhg-average-spectrum",
    .summary = "prediction and correction on the LP with steps from the average spectrum, rounded; approximate",
    .approximate = true,
    .can = alf_first_order_can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_first_order_solve,
    .free = alf_first_order_free,
};
