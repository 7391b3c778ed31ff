/* The set that C9 projects to: Σ p = 0 and max p − min p <= width. */
#ifndef ALF_ROUTING_PROJECT_H
#define ALF_ROUTING_PROJECT_H

#include <stdint.h>

/* Moves E numbers to the nearest point of the set (in the Euclidean sense). */
void alf_project_shift(double *shift, int32_t experts, double width);

#endif
