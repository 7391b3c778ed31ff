#include <stdlib.h>
#include <string.h>

#include "core/gap.h"
#include "exact/box.h"
#include "exact/perturb.h"
#include "routing/cut.h"

#define NEVER ALF_BOX_NEVER

enum {
  BLOCKS = 64,              /* of tokens, or of cells */
  PARALLEL_CELLS = 1 << 13, /* from which on threads pay */
};

/* Where the threshold lies if is_in is right, and the cells on either side of it. */
typedef struct border {
  alf_cut at;
  int64_t last_in, first_out;
} border;

/* Without branches on scores: they would be mispredicted. */
static border find_border(const alf_box *box, const alf_box_token *token)
{
  border b = {{NEVER, -NEVER}, -1, -1};
  for (int64_t c = token->first; c < token->first + token->cells; c++) {
    int64_t score = box->cell[c].affinity + box->price[box->cell[c].expert];
    int64_t in = box->is_in[c] ? score : NEVER, out = box->is_in[c] ? -NEVER : score;
    b.last_in = in < b.at.last_in ? c : b.last_in;
    b.at.last_in = in < b.at.last_in ? in : b.at.last_in;
    b.first_out = out > b.at.first_out ? c : b.first_out;
    b.at.first_out = out > b.at.first_out ? out : b.at.first_out;
  }
  return b;
}

/* Of one token's free cells at the prices: the want-th largest score and the next one; NEVER and −NEVER where there is
   none. Brings is_in up to date. */
static alf_cut cut_token(alf_box *box, const alf_box_token *token)
{
  border b = find_border(box, token);
  while (b.at.last_in < b.at.first_out) {
    box->is_in[b.last_in] = 0;
    box->is_in[b.first_out] = 1;
    b = find_border(box, token);
  }
  return b.at;
}

static alf_team *team_for(const alf_box *box)
{
  return box->cells < PARALLEL_CELLS ? NULL : box->team;
}

static void enter_token(alf_box *box, const alf_box_token *token)
{
  alf_cut cut = cut_token(box, token);
  for (int64_t c = token->first; c < token->first + token->cells; c++) {
    int64_t rival = box->is_in[c] ? cut.first_out : cut.last_in;
    int64_t never = rival == NEVER || rival == -NEVER;
    box->entry[box->place[c]] = never ? rival : rival - box->cell[c].affinity;
  }
}

static void enter_block(void *context, int64_t block)
{
  alf_box *box = context;
  for (int64_t r = box->tokens * block / BLOCKS; r < box->tokens * (block + 1) / BLOCKS; r++)
    enter_token(box, &box->token[r]);
}

/* In the box of a survey. */
static void enter_near_cells(void *context, int64_t block)
{
  alf_box *box = context;
  for (int64_t c = box->cells * block / BLOCKS; c < box->cells * (block + 1) / BLOCKS; c++)
    box->entry[box->place[c]] = box->cell[c].affinity + box->price[box->cell[c].row];
}

/* For every cell the price from which on its token would choose it, the other prices given. */
static void find_entries(alf_box *box)
{
  alf_team_share(team_for(box), BLOCKS, box->tokens ? enter_block : enter_near_cells, box);
  box->is_surveyed = true;
}

/* The middle of the gap of prices at which `target` of the n entries lie below; its end where it has but one. */
static int64_t quantile_price(const int64_t *entry, int64_t n, int64_t target)
{
  alf_gap gap = alf_gap_at(entry, n, target < 0 ? 0 : target > n ? n : target);
  if (gap.below <= -NEVER)
    return gap.above;
  if (gap.above >= NEVER)
    return gap.below + 1;
  return gap.above > gap.below ? gap.below + (gap.above - gap.below) / 2 + 1 : gap.below;
}

/* Outside the box more cells than the free ones would count. */
static int64_t clamp_to_box(const alf_box *box, int32_t k, int64_t price)
{
  int64_t lowest = box->centre[k] - box->down[k], highest = box->centre[k] + box->up[k];
  lowest = lowest < -ALF_PRICE_LIMIT ? -ALF_PRICE_LIMIT : lowest;
  highest = highest > ALF_PRICE_LIMIT ? ALF_PRICE_LIMIT : highest;
  price = price < lowest ? lowest : price;
  return price > highest ? highest : price;
}

static int64_t wanted_of(const alf_box *box, int32_t k)
{
  return alf_box_target(box, k) - box->settled[k];
}

static void count_chosen_of(void *context, int64_t expert)
{
  alf_box *box = context;
  const int64_t *column = box->column + expert;
  box->score[expert] = alf_count_below(box->entry + column[0], column[1] - column[0], box->price[expert]);
}

/* How many free cells of each expert are chosen at its price: writes score. */
static void count_chosen(alf_box *box)
{
  alf_team_share(team_for(box), box->problem->batch->experts, count_chosen_of, box);
}

/* Σ|load − L| at the prices, which count_chosen has seen. */
static int64_t off_target(const alf_box *box)
{
  int64_t off = 0;
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    off += llabs(box->score[k] - wanted_of(box, k));
  return off;
}

static void move_price(void *context, int64_t expert)
{
  alf_box *box = context;
  int32_t k = (int32_t)expert;
  int64_t n = box->column[k + 1] - box->column[k], wanted = wanted_of(box, k);
  if (n && box->score[k] != wanted)
    box->price[k] = clamp_to_box(box, k, quantile_price(box->entry + box->column[k], n, wanted));
}

/* One round for all experts at once. */
static void move_prices(alf_box *box)
{
  alf_team_share(team_for(box), box->problem->batch->experts, move_price, box);
  box->is_surveyed = false;
}

int64_t alf_box_balance(alf_box *box, int rounds, int64_t enough)
{
  int64_t best[ALF_MAX_EXPERTS], least = INT64_MAX;
  size_t bytes = (size_t)box->problem->batch->experts * sizeof *best;
  for (int round = 0; round < rounds; round++) {
    find_entries(box);
    count_chosen(box);
    int64_t off = off_target(box);
    bool stalls = round > 1 && off > least / 4 * 3;
    if (off < least) {
      memcpy(best, box->price, bytes);
      least = off;
    }
    if (stalls || least <= enough || alf_deadline_left_ms(box->deadline) == 0)
      break;
    move_prices(box);
  }
  box->is_surveyed = box->is_surveyed && !memcmp(box->price, best, bytes);
  memcpy(box->price, best, bytes);
  return least;
}

static int64_t twice(int64_t width)
{
  return width >= ALF_BOX_ALL / 2 ? ALF_BOX_ALL : 2 * width;
}

typedef struct widths {
  alf_box *box;
  int64_t slots;
} widths;

static void set_widths_of(void *context, int64_t expert)
{
  const widths *w = context;
  alf_box *box = w->box;
  int32_t k = (int32_t)expert;
  const int64_t *entry = box->entry + box->column[k];
  int64_t n = box->column[k + 1] - box->column[k], price = box->price[k], chosen = alf_count_below(entry, n, price);
  int64_t off = llabs(chosen - wanted_of(box, k)), far = 4 * off > w->slots ? 4 * off : w->slots;
  int64_t low = far < chosen ? alf_gap_at(entry, n, chosen - far).below : -NEVER;
  int64_t high = far < n - chosen ? alf_gap_at(entry, n, chosen + far).above : NEVER;
  box->down[k] = low > -NEVER ? price - low + 1 : twice(box->down[k]);
  box->up[k] = high < NEVER ? high - price + 1 : twice(box->up[k]);
}

void alf_box_set_widths(alf_box *box, int64_t slots)
{
  if (!box->is_surveyed)
    find_entries(box);
  alf_team_share(team_for(box), box->problem->batch->experts, set_widths_of, &(widths){box, slots});
}
