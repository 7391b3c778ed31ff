#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alf/routing.h"
#include "judge.h"
#include "observer.h"

#define NUM                      double
#define WIDE                     double
#define SCALE(batch)             1.0
#define WEIGHT(deficit, batch)   ((double)(deficit) / (batch)->experts)
#define SUMS_ARE_EXACT           false
#define SHIFT(shift)             ((shift).real)
#define TO_REAL(sum, batch)      (sum)
#define OPTIMUM(instance)        ((instance)->certificate.objective)
#define ROUTING_GAP(step, after) 0.0 /* in exact runs only */
#define FACTS                    alf_facts_float
#include "facts_template.h"
