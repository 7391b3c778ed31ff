/* What the families share. */
#ifndef ALF_DATA_FAMILIES_FAMILY_H
#define ALF_DATA_FAMILIES_FAMILY_H

#include "alf/random.h"
#include "alf/source.h"

/* Standard normal, from doubles of full resolution: the ziggurat of GSL uses 24 bits, which would make ties. */
double alf_family_normal(gsl_rng *rng);

/* Puts the generator at the stream all batches have in common. */
void alf_family_shared(const alf_family_call *call);

/* E standard normals from the shared stream, times scale: what sets one expert apart from another. */
void alf_family_skew(const alf_family_call *call, double scale, double *skew);

/* Turns E logits into gate scores that sum to 1, in place. */
void alf_family_softmax(double *row, int32_t experts);

#endif
