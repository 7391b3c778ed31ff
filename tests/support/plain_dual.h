/* The dual function of a batch by the book. */
#ifndef ALF_TEST_PLAIN_DUAL_H
#define ALF_TEST_PLAIN_DUAL_H

#include "alf/affinity.h"

/* f(p) = Σ_i (sum of the K largest of γ_i + p) − (K T/E) Σ p in doubles, and the loads (E); the lower index goes first in
   ties. */
double alf_plain_dual(const alf_affinity *batch, int32_t topk, const double *p, double *load);

#endif
