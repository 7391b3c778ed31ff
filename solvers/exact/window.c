#include "exact/window.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "core/grow.h"
#include "exact/threshold.h"

/* Distances fall into classes, eight to each power of two: fine enough to choose a width, and no sorting. */
enum { CLASSES = 8 * 62 };

static int32_t class_of(int64_t distance)
{
  if (distance < 16)
    return (int32_t)distance;
  int top = 63 - __builtin_clzll((unsigned long long)distance);
  return (int32_t)(8 * (top - 2) + ((distance >> (top - 3)) & 7));
}

alf_status alf_window_alloc(alf_window *window, const alf_problem *problem, alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts, slots = (size_t)(problem->batch->tokens * problem->topk);
  *window = (alf_window){.problem = problem};
  window->score = calloc(experts, sizeof *window->score);
  window->chosen = malloc(slots * sizeof *window->chosen);
  window->load = calloc(experts, sizeof *window->load);
  window->histogram = calloc(experts * CLASSES, sizeof *window->histogram);
  window->width = calloc(experts, sizeof *window->width);
  window->fixed_load = calloc(experts, sizeof *window->fixed_load);
  if (window->score && window->chosen && window->load && window->histogram && window->width && window->fixed_load)
    return ALF_OK;
  alf_window_free(window);
  return alf_fail_memory(err, slots * sizeof *window->chosen + experts * (CLASSES + 4) * sizeof(int64_t));
}

void alf_window_free(alf_window *window)
{
  free(window->score);
  free(window->chosen);
  free(window->load);
  free(window->histogram);
  free(window->width);
  free(window->fixed_load);
  free(window->token);
  free(window->cell);
  *window = (alf_window){0};
}

static int32_t cell_class(const alf_window *window, const alf_threshold *t, int32_t k)
{
  int64_t distance = 2 * window->score[k] - t->twice;
  return class_of(distance < 0 ? -distance : distance);
}

static void score_token(alf_window *window, const int64_t *price, int64_t i)
{
  const int64_t *affinity = alf_affinity_row(window->problem->batch, i);
  for (int32_t k = 0; k < window->problem->batch->experts; k++)
    window->score[k] = affinity[k] + price[k];
}

/* Routes every token, and counts loads and the cells of each distance. */
static void survey(alf_window *window, const int64_t *price)
{
  int32_t experts = window->problem->batch->experts, topk = window->problem->topk;
  memset(window->load, 0, (size_t)experts * sizeof *window->load);
  memset(window->histogram, 0, (size_t)experts * CLASSES * sizeof *window->histogram);
  for (int64_t i = 0; i < window->problem->batch->tokens; i++) {
    alf_expert *chosen = window->chosen + i * topk;
    score_token(window, price, i);
    alf_topk_row(window->score, experts, topk, chosen);
    for (int32_t j = 0; j < topk; j++)
      window->load[chosen[j]]++;
    alf_threshold t = alf_threshold_of(window->score, experts, topk, chosen);
    for (int32_t k = 0; k < experts; k++)
      window->histogram[(int64_t)k * CLASSES + cell_class(window, &t, k)]++;
  }
}

/* The narrowest width of expert k that frees `wanted` cells; whether it frees all. */
static bool choose_width(alf_window *window, int32_t k, int64_t wanted)
{
  const int64_t *histogram = window->histogram + (int64_t)k * CLASSES;
  int64_t tokens = window->problem->batch->tokens, freed = histogram[0];
  int32_t width = 0;
  while (freed < wanted && freed < tokens)
    freed += histogram[++width];
  window->width[k] = width;
  return freed == tokens;
}

static bool choose_widths(alf_window *window, int64_t scale)
{
  int64_t tokens = window->problem->batch->tokens, experts = window->problem->batch->experts;
  bool all = true;
  for (int32_t k = 0; k < experts; k++) {
    int64_t off = llabs(experts * window->load[k] - alf_problem_target(window->problem, k)) / experts;
    int64_t wanted = 32 + 4 * off;
    all = choose_width(window, k, wanted < tokens / scale ? wanted * scale : tokens) && all;
  }
  return all;
}

/* Room for one more token with all its cells. */
static alf_status reserve(alf_window *window, alf_error *err)
{
  int64_t cells = window->cells + window->problem->batch->experts;
  alf_window_token *token = alf_grow(window->token, &window->token_room, window->tokens + 1, sizeof *token);
  window->token = token ? token : window->token;
  alf_window_cell *cell = alf_grow(window->cell, &window->cell_room, cells, sizeof *cell);
  window->cell = cell ? cell : window->cell;
  return token && cell ? ALF_OK : alf_fail_memory(err, (unsigned long long)cells * sizeof *cell);
}

static void free_cells(alf_window *window, int64_t i, const alf_threshold *t)
{
  const alf_expert *chosen = window->chosen + i * window->problem->topk;
  alf_window_token *token = &window->token[window->tokens];
  *token = (alf_window_token){.token = i, .first = window->cells};
  for (int32_t k = 0, j = 0; k < window->problem->batch->experts; k++) {
    bool is_chosen = j < window->problem->topk && chosen[j] == k;
    j += is_chosen;
    if (k != t->kept && k != t->passed && cell_class(window, t, k) > window->width[k]) {
      token->fixed += is_chosen;
      window->fixed_load[k] += is_chosen;
      continue;
    }
    if (k == t->kept)
      token->basic = (int32_t)(window->cells - token->first);
    window->cell[window->cells++] = (alf_window_cell){.cost = window->score[k] - window->score[t->kept],
                                                      .row = (int32_t)window->tokens,
                                                      .expert = (alf_expert)k,
                                                      .chosen = is_chosen};
  }
  window->tokens++;
}

static bool has_free_cell(const alf_window *window, const alf_threshold *t)
{
  for (int32_t k = 0; k < window->problem->batch->experts; k++)
    if (cell_class(window, t, k) <= window->width[k])
      return true;
  return false;
}

static alf_status collect(alf_window *window, const int64_t *price, alf_error *err)
{
  int32_t experts = window->problem->batch->experts, topk = window->problem->topk;
  window->tokens = window->cells = 0;
  memset(window->fixed_load, 0, (size_t)experts * sizeof *window->fixed_load);
  for (int64_t i = 0; i < window->problem->batch->tokens; i++) {
    const alf_expert *chosen = window->chosen + i * topk;
    score_token(window, price, i);
    alf_threshold t = alf_threshold_of(window->score, experts, topk, chosen);
    if (!has_free_cell(window, &t)) {
      for (int32_t j = 0; j < topk; j++)
        window->fixed_load[chosen[j]]++;
      continue;
    }
    alf_status status = reserve(window, err);
    if (status)
      return status;
    free_cells(window, i, &t);
  }
  return ALF_OK;
}

alf_status alf_window_fill(alf_window *window, const int64_t *price, int64_t scale, bool *all, alf_error *err)
{
  survey(window, price);
  *all = choose_widths(window, scale);
  return collect(window, price, err);
}
