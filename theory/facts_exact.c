#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "observer.h"

#define NUM                    int64_t
#define WIDE                   alf_int128
#define SCALE(batch)           ((batch)->experts)
#define WEIGHT(deficit, batch) ((alf_int128)(deficit))
#define SHIFT(shift)           ((shift).grid)
#define TO_REAL(sum, batch)    alf_int128_to_double((sum), (batch)->grid_bits, (batch)->experts)
#define OPTIMUM(instance)      ((instance)->optimum_value)
#define FACTS                  alf_facts_exact
#include "facts_template.h"
