#include "moe/adam.h"

#include <gsl/gsl_math.h>
#include <math.h>

#include "moe/dense.h"

typedef struct update {
  const alf_adam *adam;
  const alf_moe_shape *shape;
  alf_real *parameter;
  const alf_real *gradient;
  int64_t count;
  double scale, mean_scale, square_scale;
  double norm[ALF_MOE_PIECES];
} update;

static int64_t piece(const update *u, int64_t i, int64_t *first)
{
  *first = u->count * i / ALF_MOE_PIECES;
  return u->count * (i + 1) / ALF_MOE_PIECES;
}

static void norm_piece(void *opaque, int64_t i)
{
  update *u = opaque;
  int64_t first, end = piece(u, i, &first);
  u->norm[i] = 0;
  for (int64_t j = first; j < end; j++)
    u->norm[i] += (double)u->gradient[j] * (double)u->gradient[j];
}

static void update_piece(void *opaque, int64_t i)
{
  const update *u = opaque;
  const alf_adam *a = u->adam;
  int64_t first, end = piece(u, i, &first);
  alf_real keep_mean = (alf_real)a->first, keep_square = (alf_real)a->second, scale = (alf_real)u->scale;
  alf_real rate = (alf_real)(a->rate * u->mean_scale), root = (alf_real)sqrt(u->square_scale),
           epsilon = (alf_real)a->epsilon;
  for (int64_t j = first; j < end; j++) {
    alf_real g = scale * u->gradient[j];
    a->mean[j] = keep_mean * a->mean[j] + (1 - keep_mean) * g;
    a->square[j] = keep_square * a->square[j] + (1 - keep_square) * g * g;
    alf_real length = (alf_real)sqrt((double)a->square[j]) * root + epsilon;
    u->parameter[j] -= rate * a->mean[j] / length;
  }
}

/* The ranges between norms decay. */
static void decay_range(const update *u, int64_t from, int64_t to)
{
  alf_real left = (alf_real)(1 - u->adam->rate * u->adam->decay);
  for (int64_t j = from; j < to; j++)
    u->parameter[j] *= left;
}

static void decay_layer(void *opaque, int64_t layer)
{
  const update *u = opaque;
  alf_moe_layer_offsets at = alf_moe_layer_at(u->shape, (int32_t)layer);
  decay_range(u, at.norm_attention + u->shape->width, at.norm_experts);
  decay_range(u, at.norm_experts + u->shape->width, at.end);
}

double alf_adam_step(const alf_adam *adam, alf_team *team, const alf_moe_shape *shape, int64_t step,
                     alf_real *parameter, const alf_real *gradient)
{
  update u = {.adam = adam,
              .shape = shape,
              .parameter = parameter,
              .gradient = gradient,
              .count = alf_moe_parameters(shape),
              .mean_scale = 1 / (1 - pow(adam->first, (double)step)),
              .square_scale = 1 / (1 - pow(adam->second, (double)step))};
  alf_moe_each(team, ALF_MOE_PIECES, norm_piece, &u);
  double squares = 0;
  for (int i = 0; i < ALF_MOE_PIECES; i++)
    squares += u.norm[i];
  double norm = sqrt(squares);
  u.scale = adam->clip > 0 && norm > adam->clip ? adam->clip / norm : 1;
  alf_moe_each(team, shape->layers, decay_layer, &u);
  decay_range(&u, 0, alf_moe_layer_at(shape, 0).norm_attention);
  decay_range(&u, alf_moe_head_at(shape), u.count);
  alf_moe_each(team, ALF_MOE_PIECES, update_piece, &u);
  return norm;
}

double alf_learning_rate(double peak, double least, int64_t warm_up, int64_t steps, int64_t step)
{
  if (step <= warm_up)
    return peak * (double)step / (double)warm_up;
  double share = steps > warm_up ? (double)(step - warm_up) / (double)(steps - warm_up) : 1;
  return peak * (least + (1 - least) * (1 + cos(M_PI * fmin(share, 1))) / 2);
}
