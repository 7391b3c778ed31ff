#include "moe/adam.h"

#include <gsl/gsl_math.h>
#include <math.h>

enum { PIECES = 64 };

typedef struct update {
  const alf_adam *adam;
  const alf_rows_kernel *rows;
  alf_crew *crew;
  alf_real *parameter;
  const alf_real *gradient;
  int64_t count, norms; /* from there on nothing decays */
  alf_adam_factors factors;
  double squares[PIECES];
} update;

static int64_t piece(const update *u, int64_t i, int64_t *first)
{
  *first = u->count * i / PIECES;
  return u->count * (i + 1) / PIECES;
}

static void square_piece(void *opaque, int64_t i, int member)
{
  update *u = opaque;
  int64_t first, end = piece(u, i, &first);
  u->squares[i] = u->rows->squares(u->gradient + first, end - first);
  alf_crew_spent(u->crew, member, ALF_PART_OPTIMISER);
}

static void update_range(const update *u, const alf_adam_factors *factors, int64_t first, int64_t end)
{
  if (first < end)
    u->rows->adam(factors, u->gradient + first, u->adam->mean + first, u->adam->square + first, u->parameter + first,
                  end - first);
}

static void update_piece(void *opaque, int64_t i, int member)
{
  const update *u = opaque;
  alf_adam_factors kept = u->factors;
  int64_t first, end = piece(u, i, &first);
  kept.left = 1;
  update_range(u, &u->factors, first, end < u->norms ? end : u->norms);
  update_range(u, &kept, first > u->norms ? first : u->norms, end);
  alf_crew_spent(u->crew, member, ALF_PART_OPTIMISER);
}

static alf_adam_factors factors_of(const alf_adam *a, int64_t step, double norm)
{
  double clip = a->clip > 0 && norm > a->clip ? a->clip / norm : 1;
  return (alf_adam_factors){.clip = (alf_real)clip,
                            .keep_mean = (alf_real)a->first,
                            .keep_square = (alf_real)a->second,
                            .rate = (alf_real)(a->rate / (1 - pow(a->first, (double)step))),
                            .root = (alf_real)(1 / sqrt(1 - pow(a->second, (double)step))),
                            .epsilon = (alf_real)a->epsilon,
                            .left = (alf_real)(1 - a->rate * a->decay)};
}

double alf_adam_step(const alf_adam *adam, alf_crew *crew, const alf_moe_shape *shape, int64_t step,
                     alf_real *parameter, const alf_real *gradient)
{
  update u = {.adam = adam,
              .rows = alf_rows_fastest(),
              .crew = crew,
              .parameter = parameter,
              .gradient = gradient,
              .count = alf_moe_parameters(shape),
              .norms = alf_moe_norms_at(shape)};
  double squares = 0;
  alf_crew_each(crew, PIECES, square_piece, &u);
  for (int i = 0; i < PIECES; i++)
    squares += u.squares[i];
  u.factors = factors_of(adam, step, sqrt(squares));
  alf_crew_each(crew, PIECES, update_piece, &u);
  return sqrt(squares);
}

double alf_learning_rate(double peak, double least, int64_t warm_up, int64_t steps, int64_t step)
{
  if (step <= warm_up)
    return peak * (double)step / (double)warm_up;
  double share = steps > warm_up ? (double)(step - warm_up) / (double)(steps - warm_up) : 1;
  return peak * (least + (1 - least) * (1 + cos(M_PI * fmin(share, 1))) / 2);
}
