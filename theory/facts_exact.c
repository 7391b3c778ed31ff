#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alf/routing.h"
#include "judge.h"
#include "observer.h"

/* At sampled updates, as it costs as much as routing the batch. */
static double routing_gap(const alf_step *step, alf_int128 lagrangian)
{
  const alf_affinity *batch = step->batch_after;
  if (!alf_sampled(step->n))
    return 0;
  alf_int128 dual = alf_dual_value(batch, step->topk, step->shift_after.grid);
  return alf_int128_to_double(dual - lagrangian, batch->grid_bits, batch->experts);
}

#define NUM                      int64_t
#define WIDE                     alf_int128
#define SCALE(batch)             ((batch)->experts)
#define WEIGHT(deficit, batch)   ((alf_int128)(deficit))
#define SUMS_ARE_EXACT           true
#define SHIFT(shift)             ((shift).grid)
#define TO_REAL(sum, batch)      alf_int128_to_double((sum), (batch)->grid_bits, (batch)->experts)
#define OPTIMUM(instance)        ((instance)->optimum_value)
#define ROUTING_GAP(step, after) routing_gap((step), (after))
#define FACTS                    alf_facts_exact
#include "facts_template.h"
