#include "exact/coarse.h"

#include <stdlib.h>
#include <string.h>

#include "core/gap.h"
#include "core/hot.h"
#include "exact/perturb.h"

enum {
  LINE = 16,            /* scores in a cache line */
  MOST_CELLS = 1 << 18, /* of a batch: for more tokens samples do as well */
  BITS = 27,            /* of a score at first; prices may move by twice as much */
  FINE = 1 << 10,       /* coarse units across the box, for the copy to be of use */
  FEW_NEAR = 12,        /* cells more than the price is to pass */
  SWEEPS = 6,
};

/* Of the moves of its rivals, how much a price follows: all would let moves that all share grow. */
static const double follows = 0.9;

#if defined(__x86_64__)
extern const alf_coarse_kernel alf_coarse_avx2;
#endif
extern const alf_coarse_kernel alf_coarse_plain;

const alf_coarse_kernel *const alf_coarse_kernels[] = {
#if defined(__x86_64__)
    &alf_coarse_avx2,
#endif
    &alf_coarse_plain, NULL};

void alf_coarse_free(alf_coarse *c)
{
  free(c->column);
  free(c->last_in);
  free(c->is_near);
  free(c->near);
  free(c->moved);
  free(c->rivals);
  free(c->density);
  *c = (alf_coarse){0};
}

static alf_status alloc(alf_coarse *c, alf_error *err)
{
  size_t experts = (size_t)c->experts, stride = (size_t)c->stride;
  c->column = malloc(experts * stride * sizeof *c->column);
  c->last_in = malloc(5 * stride * sizeof *c->last_in);
  c->is_near = calloc(stride, sizeof *c->is_near);
  c->near = malloc(stride * sizeof *c->near);
  c->moved = calloc(4 * experts, sizeof *c->moved);
  c->rivals = malloc(experts * experts * sizeof *c->rivals);
  c->density = malloc(4 * experts * sizeof *c->density);
  if (!c->column || !c->last_in || !c->is_near || !c->near || !c->moved || !c->rivals || !c->density) {
    alf_coarse_free(c);
    return alf_fail_memory(err, (experts * (stride + experts) + 8 * stride) * sizeof *c->column);
  }
  c->first_out = c->last_in + stride;
  c->in_expert = c->first_out + stride;
  c->out_expert = c->in_expert + stride;
  c->rise = c->out_expert + stride;
  c->best = c->moved + experts;
  c->band = c->best + experts;
  c->nears = c->band + experts;
  c->step = c->density + experts;
  c->move = c->step + experts;
  c->next = c->move + experts;
  return ALF_OK;
}

typedef struct range {
  int64_t low, high;
} range;

ALF_HOT static range widen(range r, const int64_t *affinity, const int64_t *price, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++) {
    int64_t score = affinity[k] + price[k];
    r.low = score < r.low ? score : r.low;
    r.high = score > r.high ? score : r.high;
  }
  return r;
}

/* Rows of as many tokens as a line holds become a line of every column. */
ALF_HOT static void turn(alf_coarse *c, const int64_t *const *row, const int64_t *price, int64_t middle, int64_t first)
{
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t base = price[k] - middle;
    int32_t *column = c->column + k * c->stride + first;
    for (int32_t t = 0; t < LINE; t++)
      column[t] = (int32_t)((row[t][k] + base) >> c->shift);
  }
}

/* `fine` is scratch for LINE rows. */
static range find_range(const alf_coarse *c, const alf_box *box, int64_t *fine)
{
  range r = {INT64_MAX, INT64_MIN};
  for (int64_t i = 0; i < c->tokens; i++)
    r = widen(r, alf_box_affinity(box, i, fine), box->price, c->experts);
  return r;
}

static void fill(alf_coarse *c, const alf_box *box, int64_t middle, int64_t *fine)
{
  for (int64_t first = 0; first < c->tokens; first += LINE) {
    const int64_t *row[LINE];
    for (int64_t t = 0, last = c->tokens - 1; t < LINE; t++)
      row[t] = alf_box_affinity(box, first + t < last ? first + t : last, fine + t * c->experts);
    turn(c, row, box->price, middle, first);
  }
}

/* Sets the unit, and densities from the widths; false when a width has too few units. */
static bool set_unit(alf_coarse *c, const alf_box *box, range r, int64_t slots)
{
  while ((r.high - r.low) >> c->shift >= INT64_C(1) << BITS)
    c->shift++;
  bool is_fine = true;
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t width = (box->down[k] + box->up[k]) >> c->shift;
    is_fine = is_fine && width >= FINE;
    c->density[k] = 2.0 * (double)slots / (double)(width + 1);
  }
  return is_fine;
}

static const alf_coarse_kernel *fastest(void)
{
  const alf_coarse_kernel *const *kernel = alf_coarse_kernels;
  while (!(*kernel)->runs_here())
    kernel++;
  return *kernel;
}

alf_status alf_coarse_take(alf_coarse *c, alf_box *box, int64_t slots, bool *taken, alf_error *err)
{
  const alf_affinity *batch = box->problem->batch;
  *c =
      (alf_coarse){.kernel = fastest(), .tokens = batch->tokens, .experts = batch->experts, .topk = box->problem->topk};
  c->stride = (c->tokens + LINE - 1) / LINE * LINE + LINE; /* one line more: powers of 2 would share cache sets */
  *taken = c->topk <= ALF_COARSE_MOST_TOPK && c->experts <= c->tokens && c->tokens <= MOST_CELLS / c->experts &&
           box->noise_bits == 0;
  if (!*taken)
    return ALF_OK;
  size_t bytes = (size_t)c->experts * LINE * sizeof(int64_t);
  int64_t *fine = malloc(bytes);
  alf_status status = fine ? alloc(c, err) : alf_fail_memory(err, bytes);
  if (!status) {
    range r = find_range(c, box, fine);
    *taken = set_unit(c, box, r, slots);
    if (*taken)
      fill(c, box, r.low + (r.high - r.low) / 2, fine);
    box->sampled = c->tokens;
  }
  free(fine);
  if (!*taken)
    alf_coarse_free(c);
  return status;
}

/* What the price of one expert lacks for each token to be undecided about it, negative where it is chosen; returns by how
   many. */
ALF_HOT static int32_t find_rises(alf_coarse *c, int32_t k)
{
  const int32_t *column = c->column + k * c->stride, *last_in = c->last_in, *first_out = c->first_out;
  int32_t *restrict rise = c->rise, chosen = 0, moved = c->moved[k];
  int64_t tokens = c->tokens;
  for (int64_t i = 0; i < tokens; i++) {
    int32_t score = column[i] + moved, is_in = score > first_out[i];
    rise[i] = (is_in ? first_out[i] : last_in[i]) - score;
    chosen += is_in;
  }
  return chosen;
}

ALF_HOT static void mark_near(alf_coarse *c, int32_t band)
{
  const int32_t *restrict rise = c->rise;
  unsigned char *restrict is_near = c->is_near;
  int64_t tokens = c->tokens;
  for (int64_t i = 0; i < tokens; i++)
    is_near[i] = rise[i] <= band && rise[i] >= -band;
}

/* Lists the cells of an expert for which its price is to rise or fall by no more than `tokens` others need, about, and
   counts their rivals; returns how many of them are chosen. */
static int32_t list_near(alf_coarse *c, int32_t k, int64_t tokens)
{
  double band = (double)tokens / c->density[k];
  int32_t chosen = 0, n = 0;
  c->band[k] = (int32_t)(band < 1 ? 1 : band < 1 << BITS ? band : 1 << BITS);
  mark_near(c, c->band[k]);
  for (int64_t first = 0; first < c->tokens; first += (int64_t)sizeof(uint64_t)) {
    uint64_t word;
    memcpy(&word, c->is_near + first, sizeof word);
    for (; word; word &= word - 1) {
      int64_t i = first + __builtin_ctzll(word) / 8;
      bool is_in = c->rise[i] < 0;
      c->rivals[(is_in ? c->out_expert[i] : c->in_expert[i]) * c->experts + k]++;
      c->near[n++] = c->rise[i];
      chosen += is_in;
    }
  }
  c->nears[k] = n;
  return chosen;
}

/* How far the price of the expert alone has to move for `rank` of its near cells to be chosen; no farther than the
   band. */
static double step_to(const alf_coarse *c, int32_t k, int64_t rank)
{
  if (rank <= 0 || rank >= c->nears[k])
    return rank <= 0 ? -c->band[k] : c->band[k];
  alf_gap gap = alf_gap_at(c->near, c->nears[k], rank);
  return (double)(gap.below + (gap.above - gap.below) / 2);
}

/* Looks at all tokens at the prices, and sets a step for each; returns Σ|load − L|. */
static int64_t look(alf_coarse *c, const alf_box *box)
{
  int64_t off = 0;
  memset(c->rivals, 0, (size_t)c->experts * (size_t)c->experts * sizeof *c->rivals);
  c->kernel->rank(c);
  c->is_ranked = true;
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t wanted = alf_box_target(box, k) - find_rises(c, k);
    int32_t chosen = list_near(c, k, llabs(wanted) * 4 / 3 + FEW_NEAR);
    c->step[k] = wanted ? step_to(c, k, chosen + wanted) : 0;
    c->density[k] = (c->nears[k] + 1) / (2.0 * c->band[k]);
    off += llabs(wanted);
  }
  return off;
}

/* A price's move is its own step and what its rivals' prices move, on the average of its near cells: some sweeps of
   Jacobi on these equations, which are those of Newton. */
ALF_HOT static void find_moves(alf_coarse *c)
{
  int32_t experts = c->experts;
  double *restrict next = c->next, *restrict move = c->move;
  memcpy(move, c->step, (size_t)experts * sizeof *move);
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    for (int32_t k = 0; k < experts; k++)
      next[k] = 0;
    for (int32_t a = 0; a < experts; a++)
      for (int32_t k = 0; k < experts; k++)
        next[k] += move[a] * c->rivals[a * experts + k];
    for (int32_t k = 0; k < experts; k++)
      move[k] = c->step[k] + follows * next[k] / (c->nears[k] + (c->nears[k] == 0));
  }
}

static void move_prices(alf_coarse *c)
{
  const double farthest = 1 << (BITS + 1);
  find_moves(c);
  for (int32_t k = 0; k < c->experts; k++) {
    double moved = c->moved[k] + c->move[k];
    c->moved[k] = (int32_t)(moved < -farthest ? -farthest : moved > farthest ? farthest : moved);
  }
  c->is_ranked = false;
}

/* Adds the best moves to the prices of the box. */
static void write_prices(alf_coarse *c, alf_box *box)
{
  size_t bytes = (size_t)c->experts * sizeof *c->moved;
  c->is_ranked = c->is_ranked && !memcmp(c->moved, c->best, bytes);
  memcpy(c->moved, c->best, bytes);
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t price = box->price[k] + c->best[k] * (INT64_C(1) << c->shift);
    price = price > ALF_PRICE_LIMIT ? ALF_PRICE_LIMIT : price;
    box->price[k] = price < -ALF_PRICE_LIMIT ? -ALF_PRICE_LIMIT : price;
  }
}

int64_t alf_coarse_balance(alf_coarse *c, alf_box *box, int rounds, int64_t enough)
{
  int64_t least = INT64_MAX;
  for (int round = 0; round < rounds; round++) {
    int64_t off = look(c, box);
    bool stalls = round > 1 && off > least / 8 * 7;
    if (off < least) {
      memcpy(c->best, c->moved, (size_t)c->experts * sizeof *c->best);
      least = off;
    }
    if (stalls || least <= enough || alf_deadline_left_ms(box->deadline) == 0)
      break;
    move_prices(c);
  }
  write_prices(c, box);
  return least;
}

/* Where so many cells are not near, twice the band. */
static int64_t width_to(const alf_coarse *c, int32_t k, int64_t rank)
{
  int64_t width = 2 * (int64_t)c->band[k];
  if (rank > 0 && rank < c->nears[k]) {
    alf_gap gap = alf_gap_at(c->near, c->nears[k], rank);
    width = (-gap.below > gap.above ? -gap.below : gap.above) + 1;
  }
  return width * (INT64_C(1) << c->shift);
}

void alf_coarse_set_widths(alf_coarse *c, alf_box *box, int64_t slots)
{
  if (!c->is_ranked)
    c->kernel->rank(c);
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t off = llabs(alf_box_target(box, k) - find_rises(c, k)), far = 4 * off > slots ? 4 * off : slots;
    int32_t chosen = list_near(c, k, 2 * far);
    box->down[k] = width_to(c, k, chosen - far);
    box->up[k] = width_to(c, k, chosen + far);
  }
}
