#include "exact/judge_columns.h"

#include <glpk.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTHS = 64 };

void alf_judge_columns_free(alf_judge_columns *c)
{
  free(c->first);
  free(c->expert);
  free(c->amount);
  free(c->state);
  free(c->row_state);
  free(c->threshold);
  free(c->price);
  free(c->constant);
  free(c->missing);
  *c = (alf_judge_columns){0};
}

/* The arrays of columns alone. */
static alf_status alloc_columns(alf_judge_columns *c, int64_t room, alf_error *err)
{
  size_t tokens = (size_t)c->basis->solution->tokens, columns = (size_t)room;
  c->room = room;
  c->first = calloc(tokens + 1, sizeof *c->first);
  c->expert = malloc(columns * sizeof *c->expert);
  c->amount = malloc(columns * sizeof *c->amount);
  c->state = malloc(columns * sizeof *c->state);
  if (c->first && c->expert && c->amount && c->state)
    return ALF_OK;
  return alf_fail_memory(err, tokens * sizeof *c->first + columns * 7);
}

static alf_status alloc_rows(alf_judge_columns *c, alf_error *err)
{
  size_t tokens = (size_t)c->basis->solution->tokens, experts = (size_t)c->basis->solution->experts;
  c->row_state = malloc(tokens + experts);
  c->threshold = calloc(tokens, sizeof *c->threshold);
  c->price = calloc(experts, sizeof *c->price);
  c->constant = calloc(experts, sizeof *c->constant);
  c->missing = malloc(tokens * sizeof *c->missing);
  if (c->row_state && c->threshold && c->price && c->constant && c->missing)
    return ALF_OK;
  return alf_fail_memory(err, tokens * 13 + experts * 17);
}

/* How many bits the distance between score and threshold takes. */
static int width_of(int64_t score, int64_t threshold)
{
  uint64_t distance = (uint64_t)llabs(score - threshold);
  return distance ? WIDTHS - __builtin_clzll(distance) : 0;
}

static void count_widths(alf_judge_basis *basis, int64_t *cells)
{
  const alf_solution *x = basis->solution;
  for (int64_t i = 0; i < x->tokens; i++) {
    int64_t threshold = alf_judge_read_token(basis, i);
    for (int32_t k = 0; k < x->experts; k++)
      cells[width_of(basis->score[k], threshold)]++;
  }
}

/* The largest width whose cells are at most `limit`; -1: not even those of width 0 are. */
static int choose_width(alf_judge_basis *basis, int64_t limit, int64_t *sum)
{
  int64_t cells[WIDTHS] = {0};
  int width = -1;
  count_widths(basis, cells);
  for (*sum = 0; width + 1 < WIDTHS && *sum + cells[width + 1] <= limit; width++)
    *sum += cells[width + 1];
  return width;
}

static void add_column(alf_judge_columns *c, int32_t k, bool basic)
{
  int32_t amount = c->basis->dense[k];
  c->expert[c->count] = (alf_expert)k;
  c->amount[c->count] = amount;
  c->state[c->count++] = basic ? GLP_BS : amount > 0 ? GLP_NU : GLP_NL;
}

static void fill(alf_judge_columns *c, int width)
{
  alf_judge_basis *basis = c->basis;
  const alf_solution *x = basis->solution;
  for (int64_t i = 0; i < x->tokens; i++) {
    int64_t threshold = alf_judge_read_token(basis, i), next = basis->first[i];
    for (int64_t b = next; b < basis->first[i + 1]; b++)
      add_column(c, basis->basic[b], true);
    for (int32_t k = 0; k < x->experts; k++) {
      bool basic = false;
      for (int64_t b = next; b < basis->first[i + 1]; b++)
        basic = basic || basis->basic[b] == k;
      if (!basic && width_of(basis->score[k], threshold) <= width)
        add_column(c, k, false);
    }
    c->first[i + 1] = c->count;
  }
}

static void set_rows(alf_judge_columns *c)
{
  const alf_judge_basis *basis = c->basis;
  int64_t tokens = basis->solution->tokens;
  memset(c->row_state, GLP_NS, (size_t)tokens);
  for (int32_t k = 0; k < basis->solution->experts; k++) {
    alf_load_range range = alf_problem_load_range(basis->problem, k);
    bool fixed = range.lower == range.upper;
    char bound = fixed ? GLP_NS : basis->load[k] == range.upper ? GLP_NU : GLP_NL;
    c->row_state[tokens + k] = basis->free_row[k] ? GLP_BS : bound;
  }
}

alf_status alf_judge_columns_choose(alf_judge_columns *c, alf_judge_basis *basis, int64_t limit, alf_deadline deadline,
                                    alf_error *err)
{
  int64_t cells = basis->solution->tokens * basis->solution->experts;
  int64_t basic = basis->first[basis->solution->tokens], near = cells;
  int width = WIDTHS;
  c->basis = basis;
  if (cells - basic > limit)
    width = choose_width(basis, limit + basic, &near);
  alf_status status = alf_judge_check_deadline(deadline, err);
  if (!status)
    status = alloc_columns(c, near < cells ? near + basic : cells, err);
  if (!status)
    status = alloc_rows(c, err);
  if (status)
    return status;
  fill(c, width);
  set_rows(c);
  return alf_judge_check_deadline(deadline, err);
}

int64_t alf_judge_constants(const alf_judge_columns *c, int64_t i)
{
  const alf_judge_basis *basis = c->basis;
  const alf_solution *x = basis->solution;
  int64_t sum = 0;
  memset(basis->dense, 0, (size_t)x->experts * sizeof *basis->dense);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    basis->dense[x->expert[e]] = basis->amount[e];
    sum += basis->amount[e];
  }
  for (int64_t column = c->first[i]; column < c->first[i + 1]; column++) {
    sum -= basis->dense[c->expert[column]];
    basis->dense[c->expert[column]] = 0;
  }
  return sum;
}

/* How far the cell of expert k is on the wrong side of the threshold; 0 or less: not at all. */
static int64_t wrong_by(const alf_judge_columns *c, const int64_t *affinity, int64_t threshold, int32_t k)
{
  int64_t amount = c->basis->dense[k], above = affinity[k] + c->price[k] - threshold, wrong = 0;
  if (amount < c->basis->solution->denominator)
    wrong = above;
  if (amount > 0 && -above > wrong)
    wrong = -above;
  return wrong;
}

static bool is_column(const alf_judge_columns *c, int64_t i, int32_t k)
{
  int64_t column = c->first[i];
  while (column < c->first[i + 1] && c->expert[column] != k)
    column++;
  return column < c->first[i + 1];
}

static void price_token(alf_judge_columns *c, int64_t i)
{
  const int64_t *affinity = alf_affinity_row(c->basis->problem->batch, i);
  int64_t worst = 0;
  bool wrong = false;
  alf_judge_constants(c, i);
  for (int64_t column = c->first[i]; column < c->first[i + 1]; column++)
    c->basis->dense[c->expert[column]] = c->amount[column];
  c->missing[i] = -1;
  for (int32_t k = 0; k < c->basis->solution->experts; k++) {
    c->value += (alf_int128)affinity[k] * c->basis->dense[k];
    int64_t by = wrong_by(c, affinity, c->threshold[i], k);
    wrong = wrong || by > 0;
    if (by > worst && !is_column(c, i, k)) {
      worst = by;
      c->missing[i] = k;
    }
  }
  c->mispriced += wrong;
  c->left_out += c->missing[i] >= 0;
}

alf_status alf_judge_price(alf_judge_columns *c, alf_deadline deadline, alf_error *err)
{
  alf_status status = ALF_OK;
  c->mispriced = 0;
  c->left_out = 0;
  c->value = 0;
  for (int64_t i = 0; i < c->basis->solution->tokens && !status; i++) {
    price_token(c, i);
    if (i % 4096 == 0)
      status = alf_judge_check_deadline(deadline, err);
  }
  return status;
}

alf_status alf_judge_columns_add(alf_judge_columns *c, alf_error *err)
{
  alf_judge_columns old = *c;
  int64_t tokens = c->basis->solution->tokens;
  c->count = 0;
  alf_status status = alloc_columns(c, old.count + old.left_out, err);
  for (int64_t i = 0; i < tokens && !status; i++) {
    size_t columns = (size_t)(old.first[i + 1] - old.first[i]);
    memcpy(c->expert + c->count, old.expert + old.first[i], columns * sizeof *c->expert);
    memcpy(c->amount + c->count, old.amount + old.first[i], columns * sizeof *c->amount);
    memcpy(c->state + c->count, old.state + old.first[i], columns * sizeof *c->state);
    c->count += (int64_t)columns;
    c->first[i + 1] = c->count;
    if (c->missing[i] < 0)
      continue;
    alf_judge_read_token(c->basis, i);
    add_column(c, c->missing[i], false);
    c->first[i + 1] = c->count;
  }
  free(old.first);
  free(old.expert);
  free(old.amount);
  free(old.state);
  return status;
}
