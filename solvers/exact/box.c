#include "exact/box.h"

#include <stdlib.h>
#include <string.h>

#include "exact/box_parts.h"
#include "exact/perturb.h"

enum { PARALLEL_CELLS = 1 << 13 }; /* from which on threads pay */

alf_status alf_box_check_deadline(const alf_box *box, alf_error *err)
{
  if (alf_deadline_left_ms(box->deadline) > 0)
    return ALF_OK;
  return alf_fail(err, ALF_ETIMEOUT, "exchange: time limit reached");
}

alf_status alf_box_alloc(alf_box *box, const alf_problem *problem, alf_deadline deadline, int threads, alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts, tokens = (size_t)problem->batch->tokens;
  size_t slots = (size_t)problem->topk * tokens;
  *box = (alf_box){.problem = problem, .deadline = deadline};
  alf_status status = alf_team_alloc(&box->team, threads, err);
  box->price = calloc(experts + 1, sizeof *box->price);
  box->centre = calloc(experts, sizeof *box->centre);
  box->down = calloc(experts, sizeof *box->down);
  box->up = calloc(experts, sizeof *box->up);
  box->score = calloc(experts, sizeof *box->score);
  box->settled = calloc(experts, sizeof *box->settled);
  box->column = calloc(experts + 1, sizeof *box->column);
  box->chosen = malloc(slots * sizeof *box->chosen);
  box->threshold = calloc(tokens, sizeof *box->threshold);
  if (!status)
    status = alf_box_parts_alloc(box, err);
  if (!status && box->price && box->centre && box->down && box->up && box->score && box->settled && box->column &&
      box->chosen && box->threshold)
    return ALF_OK;
  alf_box_free(box);
  return status ? status
                : alf_fail_memory(err, slots * sizeof *box->chosen + (tokens + experts * 6) * sizeof *box->price);
}

void alf_box_free(alf_box *box)
{
  free(box->price);
  free(box->centre);
  free(box->down);
  free(box->up);
  free(box->score);
  free(box->settled);
  free(box->column);
  free(box->chosen);
  free(box->threshold);
  free(box->token);
  free(box->cell);
  free(box->is_in);
  free(box->amount);
  free(box->place);
  free(box->entry);
  alf_box_forget(box);
  alf_box_parts_free(box);
  alf_team_free(box->team);
  *box = (alf_box){0};
}

const int64_t *alf_box_affinity(const alf_box *box, int64_t i, int64_t *fine)
{
  const int64_t *affinity = alf_affinity_row(box->problem->batch, i);
  int32_t experts = box->problem->batch->experts;
  if (box->noise_bits == 0)
    return affinity;
  alf_add_noise(affinity, 0, experts, box->noise_bits, (uint64_t)(i * experts), fine);
  return fine;
}

static alf_status make_order_room(alf_box *box, alf_error *err)
{
  size_t cells = (size_t)(box->cells + box->cells / 4 + 1);
  if (box->cells < box->order_room)
    return ALF_OK;
  free(box->amount);
  free(box->place);
  free(box->entry);
  box->order_room = (int64_t)cells;
  box->amount = malloc(cells * sizeof *box->amount);
  box->place = malloc(cells * sizeof *box->place);
  box->entry = malloc(cells * sizeof *box->entry);
  if (box->amount && box->place && box->entry)
    return ALF_OK;
  box->order_room = 0;
  return alf_fail_memory(err, cells * 16);
}

/* Slice q of as many as there are threads. */
static int64_t slice_start(const alf_box *box, int64_t q)
{
  return box->cells * q / alf_team_size(box->team);
}

static void count_cells(void *context, int64_t q)
{
  alf_box *box = context;
  int64_t *count = box->part[q].next;
  memset(count, 0, (size_t)box->problem->batch->experts * sizeof *count);
  for (int64_t c = slice_start(box, q); c < slice_start(box, q + 1); c++)
    count[box->cell[c].expert]++;
}

static void place_cells(void *context, int64_t q)
{
  alf_box *box = context;
  int64_t *next = box->part[q].next;
  for (int64_t c = slice_start(box, q); c < slice_start(box, q + 1); c++)
    box->place[c] = (int32_t)next[box->cell[c].expert]++;
}

alf_status alf_box_order_cells(alf_box *box, alf_error *err)
{
  int32_t experts = box->problem->batch->experts, slices = alf_team_size(box->team);
  alf_team *team = box->cells < PARALLEL_CELLS ? NULL : box->team;
  int64_t sum = 0;
  alf_status status = make_order_room(box, err);
  if (status)
    return status;
  box->is_surveyed = false;
  alf_team_share(team, slices, count_cells, box);
  for (int32_t k = 0; k < experts; k++) {
    box->column[k] = sum;
    for (int32_t q = 0; q < slices; q++) {
      int64_t count = box->part[q].next[k];
      box->part[q].next[k] = sum;
      sum += count;
    }
  }
  box->column[experts] = sum;
  alf_team_share(team, slices, place_cells, box);
  return ALF_OK;
}

int64_t alf_box_target(const alf_box *box, int32_t k)
{
  const alf_problem *problem = box->problem;
  int64_t tokens = problem->batch->tokens, experts = problem->batch->experts, slots = problem->topk * box->sampled;
  if (problem->capacity)
    return (problem->capacity[k] * box->sampled + tokens / 2) / tokens;
  const alf_box_token *last = box->tokens ? &box->token[box->tokens - 1] : NULL;
  if (last && last->token < 0)
    slots += last->want;
  return slots / experts + (k < slots % experts);
}

int32_t alf_box_on_border(const alf_box *box)
{
  int32_t count = 0;
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    count += box->price[k] - box->centre[k] == box->up[k] || box->centre[k] - box->price[k] == box->down[k];
  return count;
}

void alf_box_free_all(alf_box *box)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    box->down[k] = box->up[k] = ALF_BOX_ALL;
}
