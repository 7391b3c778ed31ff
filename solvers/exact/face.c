#include "alf/face.h"

#include <stdlib.h>
#include <string.h>

#include "exact/paths.h"
#include "exact/unique.h"

/* Working memory. */
struct work {
  const alf_problem *problem;
  const alf_solution *solution;
  alf_deadline deadline;
  int32_t nodes;
  int64_t *cost;       /* nodes×nodes: the exchange graph, ALF_FACE_NONE where there is no arc */
  int64_t *arc;        /* nodes×nodes: a graph made from it, then its shortest paths */
  int64_t *price;      /* nodes: the centre */
  bool *gives, *takes; /* nodes: whether an arc leaves, and enters */
};

static void work_free(struct work *w)
{
  free(w->cost);
  free(w->arc);
  free(w->price);
  free(w->gives);
  free(w->takes);
}

static alf_status allocate(struct work *w, alf_face *face, alf_error *err)
{
  size_t nodes = (size_t)w->nodes;
  w->cost = malloc(nodes * nodes * sizeof *w->cost);
  w->arc = malloc(nodes * nodes * sizeof *w->arc);
  w->price = calloc(nodes, sizeof *w->price);
  w->gives = calloc(nodes, sizeof *w->gives);
  w->takes = calloc(nodes, sizeof *w->takes);
  face->high = malloc(nodes * nodes * sizeof *face->high);
  face->group = calloc(nodes, sizeof *face->group);
  face->centre = calloc(nodes, sizeof *face->centre);
  if (w->cost && w->arc && w->price && w->gives && w->takes && face->high && face->group && face->centre)
    return ALF_OK;
  return alf_fail_memory(err, 3 * nodes * nodes * sizeof *w->cost + nodes * 24);
}

static alf_status check(const alf_problem *problem, const alf_solution *solution, alf_error *err)
{
  alf_status status = alf_problem_check(problem, err);
  if (status)
    return status;
  if (!solution || !solution->row || !solution->expert || !solution->amount)
    return alf_fail(err, ALF_EINVAL, "face: expected an optimal solution, got none");
  if (solution->tokens == problem->batch->tokens && solution->experts == problem->batch->experts &&
      solution->denominator == alf_problem_denominator(problem))
    return ALF_OK;
  return alf_fail(
      err, ALF_EINVAL, "face: solution is %lld x %d in units of 1/%lld, expected %lld x %d in units of 1/%lld",
      (long long)solution->tokens, (int)solution->experts, (long long)solution->denominator,
      (long long)problem->batch->tokens, (int)problem->batch->experts, (long long)alf_problem_denominator(problem));
}

/* Shortest paths on the exchange graph, in face->high. */
static alf_status find_intervals(struct work *w, alf_face *face, alf_error *err)
{
  int64_t arcs = (int64_t)w->nodes * w->nodes;
  int32_t on_cycle = -1;
  for (int64_t c = 0; c < arcs; c++) {
    int32_t a = (int32_t)(c / w->nodes), b = (int32_t)(c % w->nodes);
    bool is_arc = w->cost[c] != ALF_FACE_NONE;
    face->high[c] = a == b ? 0 : is_arc ? w->cost[c] : ALF_PATH_NONE;
    w->gives[a] |= is_arc;
    w->takes[b] |= is_arc;
  }
  alf_status status = alf_shortest_paths(face->high, w->nodes, w->deadline, &on_cycle, err);
  if (!status && on_cycle >= 0)
    return alf_fail(err, ALF_EINVAL,
                    "face: expected an optimal solution, but a cycle of exchanges at expert %d gains %lld grid units",
                    (int)on_cycle, -(long long)face->high[(int64_t)on_cycle * w->nodes + on_cycle]);
  for (int64_t c = 0; c < arcs; c++)
    if (!alf_path_exists(face->high[c]))
      face->high[c] = ALF_FACE_NONE;
  return status;
}

/* Two experts are in one group when the interval between them is a point: a cycle of weight 0 passes both. */
static void find_groups(const struct work *w, alf_face *face)
{
  for (int32_t a = 0; a < w->nodes; a++)
    face->group[a] = -1;
  for (int32_t a = 0; a < w->nodes; a++) {
    face->groups += face->group[a] < 0;
    for (int32_t b = a; b < w->nodes && (face->group[a] < 0 || face->group[a] == a); b++) {
      alf_price_interval interval = alf_face_interval(face, a, b);
      if (interval.low == interval.high)
        face->group[b] = a;
    }
  }
  face->unique_price = face->groups == 1;
}

/* Writes the graph of the groups into w->arc, groups×groups, and finds its smallest cycle mean: inside a group prices
   move as one, so that an arc's weight counts from the group's first expert. */
static alf_status find_slack(struct work *w, alf_face *face, alf_error *err)
{
  int32_t nodes = w->nodes, groups = 0;
  int32_t *place = malloc((size_t)nodes * sizeof *place);
  if (!place)
    return alf_fail_memory(err, (size_t)nodes * sizeof *place);
  for (int32_t a = 0; a < nodes; a++)
    place[a] = face->group[a] == a ? groups++ : place[face->group[a]];
  for (int64_t c = 0; c < (int64_t)groups * groups; c++)
    w->arc[c] = ALF_PATH_NONE;
  for (int32_t a = 0; a < nodes; a++)
    for (int32_t b = 0; b < nodes; b++) {
      int64_t cost = w->cost[(int64_t)a * nodes + b];
      int64_t *arc = &w->arc[(int64_t)place[a] * groups + place[b]];
      if (cost == ALF_FACE_NONE || place[a] == place[b])
        continue;
      cost += face->high[(int64_t)face->group[a] * nodes + a] - face->high[(int64_t)face->group[b] * nodes + b];
      *arc = cost < *arc ? cost : *arc;
    }
  free(place);
  return alf_smallest_cycle_mean(w->arc, groups, w->deadline, &face->slack, err);
}

/* The slack that the centre keeps: one affinity unit where it is unbounded. */
static int64_t centre_slack(const struct work *w, const alf_face *face)
{
  int32_t bits = w->problem->batch->grid_bits;
  if (face->slack.length)
    return face->slack.sum / face->slack.length;
  return INT64_C(1) << (bits > 0 ? bits : 0);
}

/* The constraints on prices of the largest slack, as a graph in w->arc. */
static void tighten(struct work *w, const alf_face *face)
{
  int64_t slack = centre_slack(w, face);
  for (int64_t c = 0; c < (int64_t)w->nodes * w->nodes; c++) {
    int64_t a = c / w->nodes, b = c % w->nodes;
    if (face->group[a] == face->group[b])
      w->arc[c] = face->high[c];
    else
      w->arc[c] = w->cost[c] == ALF_FACE_NONE ? ALF_PATH_NONE : w->cost[c] - slack;
  }
}

static int64_t floor_divide(alf_int128 sum, int64_t by)
{
  alf_int128 quotient = sum / by;
  return (int64_t)(quotient - (quotient * by > sum));
}

/* Experts between loads 0 and T reach each other. The price that is highest with p_r = 0 is the path from r, the lowest
   one minus the path to r; their mean over all r satisfies the constraints as each of them does, and so does its
   floor, because they are integers. */
static void place_bounded(struct work *w)
{
  int64_t bounded = 0;
  for (int32_t r = 0; r < w->nodes; r++)
    bounded += w->gives[r] && w->takes[r];
  for (int32_t b = 0; b < w->nodes; b++) {
    alf_int128 sum = 0;
    for (int32_t r = 0; r < w->nodes && w->gives[b] && w->takes[b]; r++)
      if (w->gives[r] && w->takes[r])
        sum += (alf_int128)w->arc[(int64_t)r * w->nodes + b] - w->arc[(int64_t)b * w->nodes + r];
    w->price[b] = bounded ? floor_divide(sum, 2 * bounded) : 0;
  }
}

/* Then experts of load T, whose price has only a lower bound, and those of load 0, which has only an upper one. */
static void place_unbounded(struct work *w)
{
  for (int32_t a = 0; a < w->nodes; a++) {
    int64_t lowest = INT64_MIN;
    for (int32_t b = 0; b < w->nodes && !w->takes[a]; b++) {
      int64_t length = w->arc[(int64_t)a * w->nodes + b];
      if (w->gives[b] && w->takes[b] && alf_path_exists(length) && w->price[b] - length > lowest)
        lowest = w->price[b] - length;
    }
    w->price[a] = lowest > INT64_MIN ? lowest : w->price[a];
  }
  for (int32_t b = 0; b < w->nodes; b++) {
    int64_t highest = INT64_MAX;
    for (int32_t a = 0; a < w->nodes && !w->gives[b]; a++) {
      int64_t length = w->arc[(int64_t)a * w->nodes + b];
      if (w->gives[a] && alf_path_exists(length) && w->price[a] + length < highest)
        highest = w->price[a] + length;
    }
    w->price[b] = highest < INT64_MAX ? highest : w->price[b];
  }
}

static alf_status find_centre(struct work *w, alf_face *face, alf_error *err)
{
  int32_t on_cycle;
  tighten(w, face);
  alf_status status = alf_shortest_paths(w->arc, w->nodes, w->deadline, &on_cycle, err);
  if (status)
    return status;
  place_bounded(w);
  place_unbounded(w);
  int64_t origin = w->price[w->nodes > face->experts ? face->experts : 0];
  for (int32_t k = 0; k < face->experts; k++)
    face->centre[k] = w->price[k] - origin;
  return ALF_OK;
}

static alf_status find(struct work *w, alf_face *face, alf_error *err)
{
  face->experts = w->problem->batch->experts;
  face->nodes = w->nodes = alf_exchange_nodes(w->problem);
  alf_status status = allocate(w, face, err);
  if (!status)
    status = alf_exchange_costs(w->problem, w->solution, w->cost, err);
  if (!status)
    status = find_intervals(w, face, err);
  if (status)
    return status;
  find_groups(w, face);
  status = find_slack(w, face, err);
  if (!status)
    status = find_centre(w, face, err);
  /* A token with whole amounts cannot both give up and take the same expert, so that a cycle of weight 0, which makes a
     group, always leads to another routing. One with fractions can. */
  face->unique_routing = face->groups == face->nodes;
  if (!status && !face->unique_routing && w->solution->denominator > 1)
    status = alf_routing_is_unique(w->problem, w->solution, face->centre, &face->unique_routing, err);
  return status;
}

alf_status alf_face_find(const alf_problem *problem, const alf_solution *solution, const alf_solve_settings *settings,
                         alf_face *face, alf_error *err)
{
  alf_solve_settings defaults = {0};
  struct work w = {.problem = problem, .solution = solution};
  settings = settings ? settings : &defaults;
  alf_face_free(face);
  alf_status status = check(problem, solution, err);
  if (status)
    return status;
  w.deadline = alf_deadline_after(settings->timeout, settings->stop);
  status = find(&w, face, err);
  work_free(&w);
  if (status == ALF_ETIMEOUT && settings->stop && settings->stop())
    status = alf_fail(err, ALF_EINTERRUPTED, "face: interrupted");
  if (status)
    alf_face_free(face);
  return status;
}

void alf_face_free(alf_face *face)
{
  if (!face)
    return;
  free(face->high);
  free(face->group);
  free(face->centre);
  *face = (alf_face){0};
}

alf_price_interval alf_face_interval(const alf_face *face, int32_t a, int32_t b)
{
  int64_t high = face->high[(int64_t)a * face->nodes + b], low = face->high[(int64_t)b * face->nodes + a];
  return (alf_price_interval){low == ALF_FACE_NONE ? INT64_MIN : -low, high};
}
