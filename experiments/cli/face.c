#include "cli/face.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/input.h"
#include "cli/output.h"

/* Grid units in affinity units; ±infinity for the ends of an interval that has none. */
static double units(const alf_cli_face *f, int64_t value)
{
  if (value == INT64_MAX || value == INT64_MIN)
    return value > 0 ? (double)INFINITY : -(double)INFINITY;
  return ldexp((double)value, -f->grid_bits);
}

static double slack_between_groups(const alf_cli_face *f)
{
  alf_slack slack = f->face.slack;
  return slack.length ? ldexp((double)slack.sum / (double)slack.length, -f->grid_bits) : (double)INFINITY;
}

static double smallest_slack(const alf_cli_face *f)
{
  return f->face.groups < f->face.nodes ? 0 : slack_between_groups(f);
}

static double distance(const alf_cli_face *f)
{
  return units(f, f->position.worst) / 2;
}

static alf_status place(alf_cli_face *f, const alf_problem *problem, const alf_solution *solution,
                        const alf_cli_shift *shift, int64_t batch, alf_error *err)
{
  size_t bytes = (size_t)f->face.experts * sizeof *f->shift;
  f->shift = malloc(bytes);
  if (!f->shift)
    return alf_fail_memory(err, bytes);
  f->file = shift->input;
  f->row = alf_cli_shift_row(shift, batch);
  alf_status status = alf_cli_shift_to_grid(shift, batch, f->grid_bits, f->shift, &f->rounding, err);
  if (!status)
    status = alf_face_place(&f->face, problem, solution, f->shift, &f->position, err);
  if (status)
    return status;
  for (int32_t k = 0; k < f->face.experts; k++)
    f->inside += alf_face_outside(&f->face, f->shift, 0, k) == 0;
  f->loss = alf_int128_to_double(f->position.loss, f->grid_bits, (double)solution->denominator);
  return ALF_OK;
}

alf_status alf_cli_face_measure(alf_cli_face *f, const alf_problem *problem, const alf_solution *solution,
                                const alf_certificate *certificate, const alf_solve_settings *settings,
                                const alf_cli_shift *shift, int64_t batch, alf_error *err)
{
  alf_cli_face_free(f);
  if (!certificate->certified)
    return alf_fail(err, ALF_ESOLVER, "--face: the solution is not proven optimal: gap %g", certificate->gap);
  f->grid_bits = problem->batch->grid_bits;
  double start = alf_cli_seconds();
  alf_status status = alf_face_find(problem, solution, settings, &f->face, err);
  f->seconds = alf_cli_seconds() - start;
  alf_solution centred = *solution;
  centred.price = f->face.centre;
  if (!status)
    status = alf_certify(problem, &centred, &f->certificate, err);
  return status || !shift->rows.count ? status : place(f, problem, solution, shift, batch, err);
}

static const char *yes_or_no(bool value)
{
  return value ? "yes" : "no";
}

static void print_against(const alf_cli_face *f)
{
  int64_t experts = f->face.experts;
  alf_cli_row("against", "%s, row %lld", f->file, (long long)f->row);
  alf_cli_row("against_rounding", "%.3g", f->rounding);
  alf_cli_row("inside", "%d of %d experts, by p_k - p_0", f->inside, f->face.experts);
  alf_cli_row("violated_pairs", "%lld of %lld", (long long)f->position.violated,
              (long long)(experts * (experts - 1) / 2));
  if (f->position.worst)
    alf_cli_row("worst_pair", "p_%d - p_%d, %.12g too large", f->position.expert_b, f->position.expert_a,
                units(f, f->position.worst));
  alf_cli_row("distance", "%.12g", distance(f));
  alf_cli_row("loss", "%.12g%s", f->loss, f->position.loss == 0 ? " (exactly)" : "");
}

static void print_experts(const alf_cli_face *f)
{
  printf("\nThe centre, and the interval of p_k - p_0 over all optimal prices%s\n",
         f->shift ? "; the shift, and how far shift_k - shift_0 is outside" : "");
  printf("%6s  %13s  %13s  %13s  %13s", "expert", "centre", "low", "high", "width");
  printf(f->shift ? "  %13s  %13s\n" : "\n", "shift", "outside");
  for (int32_t k = 0; k < f->face.experts; k++) {
    alf_price_interval interval = alf_face_interval(&f->face, 0, k);
    double low = units(f, interval.low), high = units(f, interval.high);
    printf("%6d  %13.9f  %13.9f  %13.9f  %13.4g", k, units(f, f->face.centre[k]), low, high, high - low);
    if (f->shift)
      printf("  %13.9f  %13.4g", units(f, f->shift[k]), units(f, alf_face_outside(&f->face, f->shift, 0, k)));
    putchar('\n');
  }
}

void alf_cli_face_print(const alf_cli_face *f)
{
  alf_cli_row("unique_routing", "%s", yes_or_no(f->face.unique_routing));
  alf_cli_row("unique_price", "%s", yes_or_no(f->face.unique_price));
  alf_cli_row("price_groups", "%d of %d", f->face.groups, f->face.nodes);
  alf_cli_row("smallest_slack", "%.6g", smallest_slack(f));
  if (f->face.groups < f->face.nodes && f->face.groups > 1)
    alf_cli_row("slack_between_groups", "%.6g", slack_between_groups(f));
  alf_cli_row("centre_certified", "%s", yes_or_no(f->certificate.certified));
  alf_cli_row("centre_tied_tokens", "%lld", (long long)f->certificate.tied_tokens);
  if (f->shift)
    print_against(f);
  alf_cli_row("face_seconds", "%.4f", f->seconds);
  print_experts(f);
}

void alf_cli_face_print_line(const alf_cli_face *f)
{
  printf("       %s routing, %s prices, %lld tied tokens at the centre, smallest slack %.4g\n",
         f->face.unique_routing ? "unique" : "more than one", f->face.unique_price ? "unique" : "a range of",
         (long long)f->certificate.tied_tokens, smallest_slack(f));
  if (f->shift)
    printf("       against row %lld: %d of %d experts inside, distance %.6g, loss %.6g\n", (long long)f->row, f->inside,
           f->face.experts, distance(f), f->loss);
}

/* E reals; `node` for all of them and the value of each by `get`. */
static json_t *json_list(const alf_cli_face *f, int32_t node,
                         int64_t (*get)(const alf_cli_face *f, int32_t a, int32_t b))
{
  json_t *list = json_array();
  for (int32_t k = 0; k < f->face.experts; k++)
    alf_cli_json_append(&list, alf_cli_json_real(units(f, get(f, node, k))));
  return list;
}

static json_t *json_square(const alf_cli_face *f, int64_t (*get)(const alf_cli_face *f, int32_t a, int32_t b))
{
  json_t *rows = json_array();
  for (int32_t a = 0; a < f->face.experts; a++)
    alf_cli_json_append(&rows, json_list(f, a, get));
  return rows;
}

static int64_t low(const alf_cli_face *f, int32_t a, int32_t b)
{
  return alf_face_interval(&f->face, a, b).low;
}

static int64_t high(const alf_cli_face *f, int32_t a, int32_t b)
{
  return alf_face_interval(&f->face, a, b).high;
}

static int64_t centre(const alf_cli_face *f, int32_t a, int32_t b)
{
  (void)a;
  return f->face.centre[b];
}

static int64_t shift_of(const alf_cli_face *f, int32_t a, int32_t b)
{
  (void)a;
  return f->shift[b];
}

static int64_t outside(const alf_cli_face *f, int32_t a, int32_t b)
{
  return alf_face_outside(&f->face, f->shift, a, b);
}

static json_t *json_against(const alf_cli_face *f)
{
  const alf_face_position *at = &f->position;
  json_t *pair = at->worst ? json_pack("[ii]", (int)at->expert_a, (int)at->expert_b) : json_null();
  return json_pack("{so sI sf si sI so sf sf so so}", "file", alf_cli_json_text(f->file), "row", (json_int_t)f->row,
                   "rounding_bound", f->rounding, "inside", (int)f->inside, "violated_pairs", (json_int_t)at->violated,
                   "worst_pair", pair, "distance", distance(f), "loss", f->loss, "shift", json_list(f, 0, shift_of),
                   "outside", json_list(f, 0, outside));
}

json_t *alf_cli_face_json(const alf_cli_face *f)
{
  json_t *object =
      json_pack("{sb sb si so so sb sI sf so so so}", "unique_routing", (int)f->face.unique_routing, "unique_price",
                (int)f->face.unique_price, "price_groups", (int)f->face.groups, "smallest_slack",
                alf_cli_json_real(smallest_slack(f)), "slack_between_groups",
                alf_cli_json_real(slack_between_groups(f)), "centre_certified", (int)f->certificate.certified,
                "centre_tied_tokens", (json_int_t)f->certificate.tied_tokens, "seconds", f->seconds, "centre",
                json_list(f, 0, centre), "low", json_square(f, low), "high", json_square(f, high));
  if (f->face.nodes > f->face.experts) {
    alf_cli_json_set(&object, "price_low", json_list(f, f->face.experts, low));
    alf_cli_json_set(&object, "price_high", json_list(f, f->face.experts, high));
  }
  if (f->shift)
    alf_cli_json_set(&object, "against", json_against(f));
  return object;
}

void alf_cli_face_free(alf_cli_face *f)
{
  alf_face_free(&f->face);
  free(f->shift);
  *f = (alf_cli_face){0};
}
