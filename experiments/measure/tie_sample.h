/* Tie densities of a family, measured on fresh tokens in ways that share neither a formula nor a token. All values are for
   one token. (theory.md C8) */
#ifndef ALF_MEASURE_TIE_SAMPLE_H
#define ALF_MEASURE_TIE_SAMPLE_H

#include "alf/growth.h"
#include "alf/source.h"

#define ALF_TIE_GROUPS 32 /* of tokens: intervals are by bootstrap over them */

typedef enum alf_tie_way {
  ALF_TIES_BY_GRADIENTS,          /* loads of k at p − t e_l less those at p + t e_l */
  ALF_TIES_BY_SECOND_DIFFERENCES, /* of the dual function, with p_k and p_l moved by ±t each */
  ALF_TIES_BY_NEARNESS,           /* pairs within t of a tie with K − 1 others above: no derivative */
  ALF_TIE_WAYS
} alf_tie_way;

typedef struct alf_tie_settings {
  const alf_family *family;
  const alf_family_call *call;
  int32_t topk;
  double step;    /* t > 0, affinity: densities are means over some 2t, wrong by O(t²) where they are smooth */
  int64_t tokens; /* for each way; rounded up to whole pieces for every group */
} alf_tie_settings;

/* Zero-initialise; alf_tie_sample_free copes with any state. */
typedef struct alf_tie_sample {
  int32_t experts;
  int64_t tokens;                /* seen by each way */
  double *density[ALF_TIE_WAYS]; /* GROUPS×E×E: h_kl by the tokens of a group, symmetric, diagonal 0 */
} alf_tie_sample;

/* Measures at a shift of E numbers, on tokens that no stream reaches. Errors: those of the family; ALF_ENOMEM. */
alf_status alf_tie_sample_take(alf_tie_sample *sample, const alf_tie_settings *settings, const double *shift,
                               alf_error *err);

/* h_kl with its interval. Errors: ALF_ENOMEM. */
alf_status alf_tie_sample_density(const alf_tie_sample *sample, alf_tie_way way, int32_t k, int32_t l, alf_interval *h,
                                  alf_error *err);

/* The curvature by one way along the direction that is softest by another: an estimate of λ_2 = μ/T that noise does not
   draw down, as it does the least eigenvalue of what was measured. Errors: ALF_ENOMEM. */
alf_status alf_tie_sample_modulus(const alf_tie_sample *sample, alf_tie_way way, alf_tie_way softest,
                                  alf_interval *modulus, alf_error *err);

void alf_tie_sample_free(alf_tie_sample *sample);

#endif
