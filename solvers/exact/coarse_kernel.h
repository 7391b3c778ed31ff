/* The ranking of coarse.h for one instruction set. The file that includes this defines vectors of LANES integers of 32
   bits, `vec`, with load, store, all, add, least, most and where_equal(a, b, x, y): lanes of x where a equals b, else of
   y. Nothing branches on scores. */
#include "core/hot.h"
#include "exact/coarse.h"

/* The K + 1 largest scores of LANES tokens, kept in order, and then whose the last two of them are. */
ALF_INLINE void rank_lanes(alf_coarse *c, int64_t first, int32_t topk)
{
  const int32_t *column = c->column + first, *moved = c->moved;
  vec top[ALF_COARSE_MOST_TOPK + 1], in_expert = all(0), out_expert = all(0);
  for (int32_t j = 0; j <= topk; j++)
    top[j] = all(INT32_MIN);
  for (int32_t k = 0; k < c->experts; k++) {
    vec score = add(load(column + k * c->stride), all(moved[k]));
    for (int32_t j = 0; j <= topk; j++) {
      vec held = top[j];
      top[j] = most(held, score);
      score = least(held, score);
    }
  }
  for (int32_t k = 0; k < c->experts; k++) {
    vec score = add(load(column + k * c->stride), all(moved[k]));
    in_expert = where_equal(score, top[topk - 1], all(k), in_expert);
    out_expert = where_equal(score, top[topk], all(k), out_expert);
  }
  store(c->last_in + first, top[topk - 1]);
  store(c->first_out + first, top[topk]);
  store(c->in_expert + first, in_expert);
  store(c->out_expert + first, out_expert);
}

/* The commonest K have loops of their own. */
static void rank(alf_coarse *c)
{
  for (int64_t first = 0; first < c->tokens; first += LANES)
    switch (c->topk) {
    case 1:
      rank_lanes(c, first, 1);
      break;
    case 2:
      rank_lanes(c, first, 2);
      break;
    case 4:
      rank_lanes(c, first, 4);
      break;
    case 6:
      rank_lanes(c, first, 6);
      break;
    case 8:
      rank_lanes(c, first, 8);
      break;
    default:
      rank_lanes(c, first, c->topk);
    }
}
