/* What the families share. */
#ifndef ALF_DATA_FAMILIES_FAMILY_H
#define ALF_DATA_FAMILIES_FAMILY_H

#include "alf/random.h"
#include "alf/source.h"

/* Standard normal, from doubles of full resolution: the ziggurat of GSL uses 24 bits, which would make ties. */
double alf_family_normal(gsl_rng *rng);

/* Puts the generator at the start of token i's stream in this batch. */
void alf_family_token(const alf_family_call *call, int64_t i);

/* Puts the generator at the stream all batches have in common. */
void alf_family_shared(const alf_family_call *call);

/* E standard normals from the shared stream, times scale: what sets one expert apart from another. */
void alf_family_skew(const alf_family_call *call, double scale, double *skew);

/* Replaces E logits by their softmax. */
void alf_family_gate_row(double *row, int32_t experts);

/* Gate scores: for every token the softmax of (normal + skew_k) / temperature. Rows sum to 1. */
void alf_family_gates(const alf_family_call *call, const double *skew, double temperature, double *values);

#endif
