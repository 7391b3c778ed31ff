#include "alf/regret_verdict.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

static bool is_schedule(const alf_regret_cell *cell, const char *name)
{
  return strcmp(cell->schedule->name, name) == 0;
}

/* The step size in slots that a cell's u stands for; NaN for a rule whose steps are not proportional. */
static double slots_of(const alf_regret_cell *cell, const alf_regret *regret, int32_t topk)
{
  if (cell->rule->form != ALF_FORM_PROPORTIONAL)
    return NAN;
  return cell->rule->fractions ? cell->u / (topk * (double)regret->tokens) : cell->u;
}

double alf_load_deviation(int64_t tokens, int32_t experts, int32_t topk)
{
  double share = (double)topk / experts;
  return sqrt((double)tokens * share * (1 - share));
}

double alf_regret_bound_at(const alf_regret_bound *b, const alf_regret_cell *cell, double n)
{
  double u = b->u, squares = b->gradient_square;
  if (!b->known)
    return NAN;
  if (is_schedule(cell, "1/n"))
    return u * squares / 2 * (1 + log(n));
  double start = b->diameter * b->diameter / (2 * u);
  return is_schedule(cell, "constant") ? start + u * squares * n / 2 : (start + u * squares) * sqrt(n);
}

/* Σ_i u² λ_i S_ii / (2 u λ_i − 1) / 2 · ln 10 in the eigenbasis of the Hessian, S the covariance of the gradient: what is
   left of stochastic approximation with steps u/n after a long time. NaN where some 2 u λ_i <= 1. */
static double decade_in_basis(const gsl_matrix *basis, const gsl_vector *value, const double *noise, double u,
                              double tokens)
{
  size_t experts = value->size;
  double sum = 0;
  for (size_t i = 1; i < experts; i++) { /* the first is the common shift */
    double lambda = tokens * gsl_vector_get(value, i), variance = 0;
    for (size_t k = 0; k < experts; k++)
      for (size_t l = 0; l < experts; l++)
        variance += gsl_matrix_get(basis, k, i) * noise[k * experts + l] * gsl_matrix_get(basis, l, i);
    if (2 * u * lambda <= 1)
      return NAN;
    sum += u * u * lambda * variance / (2 * u * lambda - 1) / 2;
  }
  return sum * log(10);
}

static alf_status predict_decade(const alf_regret *regret, const alf_regret_target *target, double u, double *decade,
                                 alf_error *err)
{
  size_t n = (size_t)regret->experts;
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
  gsl_matrix *matrix = gsl_matrix_alloc(n, n), *basis = gsl_matrix_alloc(n, n);
  gsl_vector *value = gsl_vector_alloc(n);
  bool complete = work && matrix && basis && value;
  if (complete) {
    for (size_t k = 0; k < n; k++) {
      double sum = 0;
      for (size_t l = 0; l < n; l++) {
        sum += target->tie[k * n + l];
        gsl_matrix_set(matrix, k, l, -target->tie[k * n + l]);
      }
      gsl_matrix_set(matrix, k, k, sum);
    }
    gsl_eigen_symmv(matrix, value, basis, work);
    gsl_eigen_symmv_sort(value, basis, GSL_EIGEN_SORT_VAL_ASC);
    *decade = decade_in_basis(basis, value, regret->noise, u, (double)regret->tokens);
  }
  if (work)
    gsl_eigen_symmv_free(work);
  gsl_matrix_free(matrix);
  gsl_matrix_free(basis);
  gsl_vector_free(value);
  return complete ? ALF_OK : alf_fail_memory(err, 2 * n * n * sizeof(double));
}

/* Of the set {Σ p = 0, spread <= width}: between two of its corners; else what was seen of the path. */
static double diameter_of(const alf_regret *regret, const alf_regret_cell *cell, int c)
{
  double farthest = 0;
  if (cell->width > 0)
    return cell->width * sqrt((double)(regret->experts / 2 * 2));
  for (int64_t r = 0; r < regret->repetitions; r++)
    farthest = fmax(farthest, regret->farthest[c * regret->repetitions + r]);
  return 2 * farthest;
}

/* Bound less mean regret at every checkpoint; what is below 0 counts if the whole interval of the mean is. */
static alf_status compare_with_bound(const alf_regret *regret, const alf_regret_cell *cell, int c, alf_regret_bound *b,
                                     alf_error *err)
{
  size_t bytes = (size_t)regret->repetitions * sizeof(double);
  double *own = malloc(bytes);
  alf_status status = own ? ALF_OK : alf_fail_memory(err, bytes);
  b->margin = INFINITY;
  for (int64_t j = 0; status == ALF_OK && j < regret->checkpoints; j++) {
    alf_interval mean;
    for (int64_t r = 0; r < regret->repetitions; r++)
      own[r] = regret->expected[(c * regret->repetitions + r) * regret->checkpoints + j];
    status = alf_bootstrap_mean(own, regret->repetitions, &mean, err);
    double low = isnan(mean.low) ? mean.value : mean.low;
    b->margin = fmin(b->margin, alf_regret_bound_at(b, cell, (double)regret->batches[j]) - low);
  }
  free(own);
  return status;
}

static void conclude(alf_regret_bound *b, alf_verdict verdict, const char *reason)
{
  b->verdict = verdict;
  snprintf(b->reason, sizeof b->reason, "%s", reason);
}

static void put_verdict(alf_regret_bound *b, const alf_regret_cell *cell, const alf_growth *growth)
{
  if (!b->known) {
    conclude(b, ALF_HYPOTHESIS_NOT_MET,
             "no bound is proved for this rule and schedule: it is measured beside the others");
  } else if (!b->met) {
    snprintf(b->reason, sizeof b->reason, "a = u mu = %.4g, below 1; R_N grows like N^%.2f, best fitted by %s", b->a,
             growth->exponent.value, alf_growth_law_name(growth->law));
    b->verdict = ALF_HYPOTHESIS_NOT_MET;
  } else if (b->margin < 0) {
    conclude(b, ALF_REFUTED, "regret exceeds the bound");
  } else {
    snprintf(b->reason, sizeof b->reason, "%sbelow the bound at every N; best fitted by %s",
             cell->width > 0 || is_schedule(cell, "1/n") ? "" : "(diameter as seen) ",
             alf_growth_law_name(growth->law));
    b->verdict = ALF_HOLDS;
  }
}

alf_status alf_regret_judge(const alf_regret *regret, const alf_regret_settings *settings, int c,
                            const alf_regret_target *target, const alf_growth *growth, alf_regret_bound *b,
                            alf_error *err)
{
  const alf_regret_cell *cell = &settings->cell[c];
  double tokens = (double)regret->tokens, share = (double)settings->topk / regret->experts;
  *b = (alf_regret_bound){.per_decade = NAN, .margin = NAN};
  b->u = slots_of(cell, regret, settings->topk);
  b->a = b->u * target->modulus;
  b->known = !isnan(b->u) && (is_schedule(cell, "1/n") || is_schedule(cell, "1/sqrt(n)") || cell->schedule->constant);
  b->met = b->known && (!is_schedule(cell, "1/n") || b->a >= 1 - 1e-12);
  b->gradient_square = settings->topk * tokens * tokens * (1 - share);
  b->diameter = diameter_of(regret, cell, c);
  alf_status status = ALF_OK;
  if (b->known && target->tie && is_schedule(cell, "1/n"))
    status = predict_decade(regret, target, b->u, &b->per_decade, err);
  if (status == ALF_OK && b->known)
    status = compare_with_bound(regret, cell, c, b, err);
  put_verdict(b, cell, growth);
  return status;
}

const alf_claim alf_claim_c9 = {
    .id = "C9",
    .title = "Online regret against the best fixed shift stays below its bound",
    .citation = "Han and Zhong, arXiv:2512.03915, online regret; theory.md C9",
    .statement = "R_N = Σ E[fⁿ(pⁿ) − fⁿ(p*)] ≤ (u G²/2)(1 + ln N) with steps u/n, (Δ²/2u + u G²) √N with u/√n, "
                 "Δ²/2u + u G² N/2 with u; G² = K T² (1 − K/E), Δ the diameter of the shifts",
    .hypotheses = "batches independent and alike; proportional steps; with u/n: u ≥ 1/μ",
    .method = "the lower end of the 95 % interval of R_N over independent runs against the bound, at some 80 N up to "
              "the last; "
              "other rules are measured beside it",
    .arithmetic = "doubles; p* and μ by quadrature or from a pool of tokens; bootstrap over runs",
};
