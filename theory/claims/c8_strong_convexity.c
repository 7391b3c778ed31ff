#include <math.h>

#include "judge.h"

/* z'∇²F z = T Σ_{k < l} h_kl (z_k − z_l)², so the modulus on Σ z = 0 is T λ_2 >= T E min h; and h >= c^E κ^(E−1) / (E−1)
   where all densities are at least c and max p − min p <= 1 − κ. */
#define REFUTING 5.5  /* standard errors: one of 16 comparisons lies beyond with probability 6e-7 */
#define RESOLVED 0.05 /* relative standard error at which a comparison means something */

/* Distances from the predictions, and the exact inequalities, as far from failing as they are. */
static void judge(const alf_curvature *c, alf_claim_result *result)
{
  double worst = fmax(c->by_second_differences, c->by_gradients), experts = result->measure[0].value;
  alf_least least = {0};
  alf_least_take(&least, REFUTING - worst, 0);
  for (int at = 0; at < ALF_CURVATURE_POINTS; at++) {
    const alf_curvature_point *p = &c->point[at];
    double allowance = p->quadrature_error + 1e-12;
    double bound = pow(c->least_density, experts) * pow(fmax(0, 1 - p->spread), experts - 1) / (experts - 1);
    if (p->modulus - experts * p->least_tie + allowance < 0 || p->least_tie - bound + allowance < 0)
      alf_least_take(&least, fmin(p->modulus - experts * p->least_tie, p->least_tie - bound), 0);
  }
  const alf_curvature_point *zero = &c->point[ALF_AT_ZERO];
  if (fabs(zero->modulus - c->closed_form) > zero->quadrature_error + 1e-9)
    alf_least_take(&least, -fabs(zero->modulus - c->closed_form), 0);
  alf_judge_least(result, &least);
  if (result->verdict == ALF_HOLDS && c->resolution > RESOLVED)
    alf_conclude(result, ALF_INCONCLUSIVE, "standard errors of %.2g of the curvature show too little", c->resolution);
  else
    alf_conclude(result, result->verdict,
                 "curvature seen on %lld tokens within %.2f standard errors of the tie densities",
                 (long long)c->sampled, worst);
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  (void)opaque;
  const alf_instance *instance = run->instance;
  const alf_curvature *c = &instance->curvature;
  double tokens = (double)instance->batch->tokens;
  result->margin = NAN;
  if (!instance->curved) {
    bool has_none = instance->why_not_curved.code == ALF_EUNSUPPORTED;
    if (has_none)
      alf_add_hypothesis(result, "ties have a density, and tokens enough show it", false, "tokens", tokens);
    alf_conclude(result, has_none ? ALF_HYPOTHESIS_NOT_MET : ALF_INCONCLUSIVE, "%.200s", instance->why_not_curved.text);
    return;
  }
  alf_add_hypothesis(result, "affinities are independent, of known densities", c->independent, "independent",
                     c->independent);
  alf_add_measure(result, "experts", instance->batch->experts);
  alf_add_measure(result, c->independent ? "mu_at_zero" : "mu_estimate", tokens * c->point[0].modulus);
  if (c->independent)
    alf_add_measure(result, "mu_at_minimiser", tokens * c->point[ALF_AT_MINIMISER].modulus);
  else
    alf_add_measure(result, "bandwidth", c->bandwidth);
  alf_add_measure(result, "least_tie_density", c->point[0].least_tie);
  alf_add_measure(result, c->independent ? "quadrature_error" : "bandwidth_bias",
                  c->independent ? c->point[0].quadrature_error : c->bias);
  alf_add_measure(result, "by_second_differences", c->by_second_differences);
  alf_add_measure(result, "by_gradients", c->by_gradients);
  alf_add_measure(result, "resolution", c->resolution);
  alf_add_measure(result, "sampled_tokens", (double)c->sampled);
  if (c->independent)
    judge(c, result);
  else
    alf_conclude(result, ALF_HYPOTHESIS_NOT_MET,
                 "joint density of ties, estimated: curvature seen within %.2f standard errors of it",
                 c->by_second_differences);
}

const alf_claim alf_claim_c8 = {
    .id = "C8",
    .title = "The expected dual function is strongly convex, by the densities of ties",
    .citation = "Han and Zhong, arXiv:2512.03915, section 4; theory.md C8",
    .statement = "zᵀ∇²F z = T Σ_{k < l} h_kl (z_k − z_l)² with h_kl the density of ties of k and l for the last "
                 "place; so μ = T λ₂ ≥ T E min h, and h ≥ c^E κ^(E−1) / (E − 1) where no density is below c and "
                 "max p − min p ≤ 1 − κ",
    .hypotheses = "experts independent within a token, with known densities; elsewhere h is estimated, and "
                  "nothing judged",
    .method = "h by quadrature against second differences of D and differences of loads of fresh tokens, along "
              "random z, at 0 and at p*; both bounds; the closed form for uniform affinities",
    .arithmetic = "quadrature, its error by half the nodes; sampling, refuted beyond 5.5 standard errors",
    .needs = ALF_NEEDS_OPTIMUM | ALF_NEEDS_CURVATURE,
    .fixed_by_batch = true,
    .finish = finish,
};
