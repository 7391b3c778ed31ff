#include "moe/shape.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "alf/affinity.h"
#include "alf/random.h"

static int64_t layer_size(const alf_moe_shape *s)
{
  int64_t d = s->width, f = s->hidden;
  return 3 * d * d + d * d + d * s->experts + s->experts * (d * 2 * f + f * d) + 3 * d * s->shared * f;
}

int64_t alf_moe_embedding_at(const alf_moe_shape *s)
{
  (void)s;
  return 0;
}

int64_t alf_moe_head_at(const alf_moe_shape *s)
{
  return (int64_t)s->vocabulary * s->width;
}

static int64_t layers_at(const alf_moe_shape *s)
{
  return alf_moe_head_at(s) + (int64_t)s->width * s->vocabulary;
}

int64_t alf_moe_norms_at(const alf_moe_shape *s)
{
  return layers_at(s) + s->layers * layer_size(s);
}

alf_moe_layer_offsets alf_moe_layer_at(const alf_moe_shape *s, int32_t layer)
{
  int64_t d = s->width, f = s->hidden, norms = alf_moe_norms_at(s) + 2 * layer * d;
  alf_moe_layer_offsets o = {.norm_attention = norms, .norm_experts = norms + d};
  o.qkv = layers_at(s) + layer * layer_size(s);
  o.out = o.qkv + 3 * d * d;
  o.gate = o.out + d * d;
  o.up = o.gate + d * s->experts;
  o.down = o.up + s->experts * d * 2 * f;
  o.shared_up = o.down + s->experts * f * d;
  o.shared_down = o.shared_up + d * 2 * s->shared * f;
  return o;
}

int64_t alf_moe_last_norm_at(const alf_moe_shape *s)
{
  return alf_moe_norms_at(s) + (int64_t)2 * s->layers * s->width;
}

int64_t alf_moe_parameters(const alf_moe_shape *s)
{
  return alf_moe_last_norm_at(s) + s->width;
}

int64_t alf_moe_active_parameters(const alf_moe_shape *s)
{
  return alf_moe_parameters(s) - (int64_t)s->layers * (s->experts - s->topk) * 3 * s->width * s->hidden;
}

static alf_status check_range(const char *name, int32_t value, int32_t least, int32_t most, alf_error *err)
{
  if (value >= least && value <= most)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "%s = %d: expected a whole number in %d..%d", name, value, least, most);
}

alf_status alf_moe_check_shape(const alf_moe_shape *s, alf_error *err)
{
  const struct {
    const char *name;
    int32_t value, least, most;
  } fields[] = {{"vocabulary", s->vocabulary, 2, 1 << 20},   {"width", s->width, 2, 1 << 16},
                {"heads", s->heads, 1, s->width / 2},        {"layers", s->layers, 1, 1000},
                {"experts", s->experts, 2, ALF_MAX_EXPERTS}, {"topk", s->topk, 1, s->experts - 1},
                {"hidden", s->hidden, 1, 1 << 16},           {"shared", s->shared, 0, 64},
                {"context", s->context, 2, 1 << 16},         {"sequences", s->sequences, 1, 1 << 16}};
  for (size_t j = 0; j < sizeof fields / sizeof *fields; j++)
    if (check_range(fields[j].name, fields[j].value, fields[j].least, fields[j].most, err) != ALF_OK)
      return ALF_EINVAL;
  if (s->width % (2 * s->heads))
    return alf_fail(err, ALF_EINVAL, "heads = %d: expected a number by which width = %d falls into even parts",
                    s->heads, s->width);
  if (alf_moe_tokens(s) * (s->topk > s->vocabulary ? s->topk : s->vocabulary) > INT32_MAX)
    return alf_fail(err, ALF_EINVAL, "context = %d, sequences = %d: expected a batch of at most %d tokens", s->context,
                    s->sequences, INT32_MAX / (s->topk > s->vocabulary ? s->topk : s->vocabulary));
  if (!(s->auxiliary >= 0) || !isfinite(s->auxiliary))
    return alf_fail(err, ALF_EINVAL, "auxiliary = %g: expected 0 or more", s->auxiliary);
  return ALF_OK;
}

static void fill(alf_real *to, int64_t count, double value)
{
  for (int64_t j = 0; j < count; j++)
    to[j] = (alf_real)value;
}

static void draw(gsl_rng *rng, alf_real *to, int64_t count, double deviation)
{
  for (int64_t j = 0; j < count; j++)
    to[j] = (alf_real)(deviation * gsl_ran_gaussian_ratio_method(rng, 1));
}

static void draw_layer(const alf_moe_shape *s, gsl_rng *rng, int32_t layer, alf_real *p)
{
  alf_moe_layer_offsets o = alf_moe_layer_at(s, layer);
  double in = 1 / sqrt(s->width), back = 1 / sqrt(2. * s->layers);
  int64_t d = s->width, f = s->hidden;
  fill(p + o.norm_attention, d, 1);
  fill(p + o.norm_experts, d, 1);
  draw(rng, p + o.qkv, 3 * d * d, in);
  draw(rng, p + o.out, d * d, in * back);
  draw(rng, p + o.gate, d * s->experts, in);
  draw(rng, p + o.up, s->experts * d * 2 * f, in);
  draw(rng, p + o.down, s->experts * f * d, back / sqrt((double)f));
  draw(rng, p + o.shared_up, d * 2 * s->shared * f, in);
  draw(rng, p + o.shared_down, s->shared * f * d, s->shared ? back / sqrt((double)s->shared * (double)f) : 0);
}

alf_status alf_moe_initialise(const alf_moe_shape *s, uint64_t seed, alf_real *p, alf_error *err)
{
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  if (!rng)
    return alf_fail_memory(err, sizeof *rng);
  alf_rng_stream(rng, seed, 0, ALF_RNG_SHARED);
  draw(rng, p + alf_moe_embedding_at(s), (int64_t)s->vocabulary * s->width, 1);
  for (int32_t layer = 0; layer < s->layers; layer++) {
    alf_rng_stream(rng, seed, (uint64_t)layer + 1, ALF_RNG_SHARED);
    draw_layer(s, rng, layer, p);
  }
  fill(p + alf_moe_last_norm_at(s), s->width, 1);
  alf_rng_stream(rng, seed, (uint64_t)s->layers + 1, ALF_RNG_SHARED);
  draw(rng, p + alf_moe_head_at(s), (int64_t)s->width * s->vocabulary, 1 / sqrt(s->width));
  gsl_rng_free(rng);
  return ALF_OK;
}
