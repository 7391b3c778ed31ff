#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "alf/source.h"
#include "support.h"

#define ROOT_SEED 20251203 /* of all trials */

static gsl_rng *stream_of(uint64_t batch, uint64_t token)
{
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  assert_non_null(rng);
  alf_rng_stream(rng, ROOT_SEED, batch, token);
  return rng;
}

static int whole(gsl_rng *rng, int least, int most)
{
  return least + (int)gsl_rng_uniform_int(rng, (unsigned long)(most - least) + 1);
}

/* Least and most one time in six each: edges are where things break. */
static int edgy(gsl_rng *rng, int least, int most)
{
  int side = whole(rng, 0, 5);
  return side == 0 ? least : side == 1 ? most : whole(rng, least, most);
}

static void draw_input(alf_trial *t, gsl_rng *rng)
{
  static const char *const families[] = {
      "uniform",       "gauss_sigmoid:factor=%d", "softmax:skew=%d", "grid:levels=%d", "dirichlet:concentration=%d",
      "drift:skew=%d", "adversarial:kind=%d"};
  static const int most[] = {0, 4, 4, 9, 3, 3, 4};
  int family = whole(rng, 0, 6), value = whole(rng, 0, most[family]);
  char name[64];
  snprintf(name, sizeof name, families[family], family == 3 || family == 4 ? value + 1 : value);
  snprintf(t->input, sizeof t->input, "%s%cT=%d,E=%d,seed=%d", name, strchr(name, ':') ? ',' : ':', t->rows, t->columns,
           whole(rng, 0, 1 << 20));
}

static double draw_step_size(gsl_rng *rng)
{
  double u = pow(10, -4 + 5 * gsl_rng_uniform(rng));
  return whole(rng, 0, 2) ? u : exp2(round(log2(u))); /* powers of two meet the ties of grids exactly */
}

/* Defaults half of the time; else edges, and numbers small enough to matter within the steps of a trial. A divisor near 0
   would throw the shift off the grid. */
static void draw_values(double *value, const alf_parameter *table, gsl_rng *rng)
{
  bool own = whole(rng, 0, 1);
  for (int i = 0; i < alf_parameter_count(table); i++) {
    bool divisor = table[i].minimum > 0 && !table[i].integral;
    double least = divisor ? table[i].fallback / 10 : table[i].minimum,
           most = fmin(table[i].maximum, table[i].integral ? 60 : 4);
    int side = whole(rng, 0, 5);
    double drawn = side == 0 ? least : side == 1 ? most : least + (most - least) * gsl_rng_uniform(rng);
    value[i] = own ? (table[i].integral ? floor(drawn) : drawn) : table[i].fallback;
  }
}

/* Shifts are of the size of the affinities, unless they multiply these. */
static int shift_scale(const alf_trial *t)
{
  return t->rule->combine == ALF_ADD ? t->scale : 0;
}

void alf_trial_draw(alf_trial *t, uint64_t number)
{
  gsl_rng *rng = stream_of(0, number);
  int rules = 0, schedules = 0;
  while (alf_rules[rules])
    rules++;
  while (alf_schedules[schedules])
    schedules++;
  *t = (alf_trial){.rows = whole(rng, 0, 3) ? edgy(rng, 1, 40) : whole(rng, 1, ALF_TRIAL_TOKENS)};
  t->columns = edgy(rng, 2, whole(rng, 0, 2) ? 8 : ALF_TRIAL_EXPERTS);
  for (int i = 0; i < t->rows; i++)
    t->row[i] = i;
  for (int k = 0; k < t->columns; k++)
    t->column[k] = k;
  t->topk = edgy(rng, 1, t->columns - 1);
  draw_input(t, rng);
  t->rule = alf_rules[whole(rng, 0, rules - 1)];
  t->schedule = alf_schedules[whole(rng, 0, schedules - 1)];
  draw_values(t->rule_value, t->rule->parameters, rng);
  draw_values(t->schedule_value, t->schedule->parameters, rng);
  t->u = draw_step_size(rng);
  t->steps = whole(rng, 1, 60);
  t->scale = whole(rng, 0, 3) ? 0 : whole(rng, -20, 30); /* grids coarser than 2^-40, and hardly finer than u */
  t->u = ldexp(t->u, shift_scale(t));
  t->start = whole(rng, 0, 3) ? 0 : whole(rng, 1, 1000);
  gsl_rng_free(rng);
}

/* "0-5,7,9-11" */
static void print_ranges(char *out, size_t size, const int *number, int count)
{
  size_t length = 0;
  for (int first = 0, last; first < count && length < size; first = last + 1) {
    last = first;
    while (last + 1 < count && number[last + 1] == number[last] + 1)
      last++;
    const char *comma = first ? "," : "";
    if (last == first)
      length += (size_t)snprintf(out + length, size - length, "%s%d", comma, number[first]);
    else
      length += (size_t)snprintf(out + length, size - length, "%s%d-%d", comma, number[first], number[last]);
  }
}

/* The count, or 0 for text that is no ascending list of at most `room` numbers. */
static int parse_ranges(const char *text, int *number, int room)
{
  int count = 0;
  for (const char *at = text; *at;) {
    int first, last, length = 0;
    if (sscanf(at, "%d-%d%n", &first, &last, &length) != 2 || length == 0) {
      if (sscanf(at, "%d%n", &first, &length) != 1)
        return 0;
      last = first;
    }
    if (first < 0 || last < first || count + last - first >= room || (count && number[count - 1] >= first))
      return 0;
    for (int n = first; n <= last; n++)
      number[count++] = n;
    at += length;
    if (*at == ',')
      at++;
    else if (*at)
      return 0;
  }
  return count;
}

void alf_trial_print(const alf_trial *t, char text[ALF_TRIAL_TEXT])
{
  char rows[1024], columns[256], rule[ALF_CHOICE_TEXT], schedule[ALF_CHOICE_TEXT];
  alf_choice_print(t->rule->name, t->rule->parameters, t->rule_value, rule);
  alf_choice_print(t->schedule->name, t->schedule->parameters, t->schedule_value, schedule);
  print_ranges(rows, sizeof rows, t->row, t->rows);
  print_ranges(columns, sizeof columns, t->column, t->columns);
  snprintf(text, ALF_TRIAL_TEXT,
           "input=%s rows=%s experts=%s topk=%d rule=%s schedule=%s u=%.17g steps=%d scale=%d start=%d", t->input, rows,
           columns, t->topk, rule, schedule, t->u, t->steps, t->scale, t->start);
}

bool alf_trial_parse(alf_trial *t, const char *text)
{
  char rows[1024], columns[256], rule[200], schedule[200];
  *t = (alf_trial){0};
  if (sscanf(text,
             "input=%127s rows=%1023s experts=%255s topk=%d rule=%199s schedule=%199s u=%lf steps=%d scale=%d start=%d",
             t->input, rows, columns, &t->topk, rule, schedule, &t->u, &t->steps, &t->scale, &t->start) != 10)
    return false;
  t->rows = parse_ranges(rows, t->row, ALF_TRIAL_TOKENS);
  t->columns = parse_ranges(columns, t->column, ALF_TRIAL_EXPERTS);
  if (alf_rule_read(rule, &t->rule, t->rule_value, NULL) != ALF_OK ||
      alf_schedule_read(schedule, &t->schedule, t->schedule_value, NULL) != ALF_OK)
    return false;
  return t->rows > 0 && t->columns > 1 && t->topk > 0 && t->topk < t->columns && t->u > 0 && t->steps > 0 &&
         t->start >= 0;
}

void alf_trial_batch(const alf_trial *t, alf_affinity *real, alf_affinity *dyadic)
{
  alf_source *source = NULL;
  alf_affinity whole_batch = {0};
  alf_error err = {0};
  assert_ok(alf_source_open(&source, t->input, 0, &err), &err);
  assert_ok(alf_source_next(source, &whole_batch, &err), &err);
  assert_ok(alf_affinity_alloc(real, ALF_FLOAT64, t->rows, t->columns, &err), &err);
  assert_true(t->row[t->rows - 1] < whole_batch.tokens && t->column[t->columns - 1] < whole_batch.experts);
  double *cell = real->storage;
  for (int i = 0; i < t->rows; i++)
    for (int k = 0; k < t->columns; k++)
      *cell++ = ldexp(alf_affinity_get(&whole_batch, t->row[i], t->column[k]) - (t->scale ? 0.71 : 0), t->scale);
  assert_ok(alf_affinity_convert(real, ALF_DYADIC, dyadic, &err), &err);
  alf_affinity_free(&whole_batch);
  alf_source_close(source);
}

void alf_trial_start(const alf_trial *t, double shift[ALF_TRIAL_EXPERTS])
{
  gsl_rng *rng = stream_of(1, (uint64_t)t->start);
  for (int k = 0; k < ALF_TRIAL_EXPERTS; k++)
    shift[k] = t->start ? ldexp(2 * gsl_rng_uniform(rng) - 1, shift_scale(t)) : 0;
  gsl_rng_free(rng);
}

/* A shrinking in progress. */
typedef struct shrinking {
  alf_trial *trial; /* the smallest that fails so far */
  bool (*fails)(const alf_trial *trial, void *context);
  void *context;
  bool changed; /* since this round began */
} shrinking;

static bool keep_if_fails(shrinking *s, const alf_trial *smaller)
{
  if (!s->fails(smaller, s->context))
    return false;
  *s->trial = *smaller;
  s->changed = true;
  return true;
}

static void remove_range(int *number, int *count, int first, int length)
{
  memmove(number + first, number + first + length, (size_t)(*count - first - length) * sizeof *number);
  *count -= length;
}

/* Halves, quarters, …, single rows. */
static void shrink_rows(shrinking *s)
{
  for (int length = s->trial->rows / 2; length >= 1; length /= 2)
    for (int first = 0; first + length <= s->trial->rows && s->trial->rows > length;) {
      alf_trial smaller = *s->trial;
      remove_range(smaller.row, &smaller.rows, first, length);
      if (!keep_if_fails(s, &smaller))
        first += length;
    }
}

static void shrink_columns(shrinking *s)
{
  for (int k = 0; k < s->trial->columns && s->trial->columns > 2;) {
    alf_trial smaller = *s->trial;
    remove_range(smaller.column, &smaller.columns, k, 1);
    smaller.topk = smaller.topk < smaller.columns ? smaller.topk : smaller.columns - 1;
    if (!keep_if_fails(s, &smaller))
      k++;
  }
}

static void shrink_number(shrinking *s, int *field, int least)
{
  alf_trial smaller = *s->trial;
  ptrdiff_t offset = (char *)field - (char *)s->trial;
  int *value = (int *)(void *)((char *)&smaller + offset), now = *field;
  const int candidates[] = {least, now / 2, now - 1};
  for (int c = 0; c < 3; c++)
    if (candidates[c] >= least && candidates[c] < now) {
      *value = candidates[c];
      if (keep_if_fails(s, &smaller))
        return;
    }
}

/* Whether any of them was not at its default. */
static bool set_defaults(double *value, const alf_parameter *table)
{
  bool changed = false;
  for (int i = 0; i < alf_parameter_count(table); i++) {
    changed = changed || value[i] != table[i].fallback;
    value[i] = table[i].fallback;
  }
  return changed;
}

static void simplify(shrinking *s)
{
  alf_trial smaller = *s->trial;
  smaller.rule = alf_rule_find("sign");
  if (smaller.rule != s->trial->rule)
    keep_if_fails(s, &smaller);
  smaller = *s->trial;
  if (set_defaults(smaller.rule_value, smaller.rule->parameters))
    keep_if_fails(s, &smaller);
  smaller = *s->trial;
  if (set_defaults(smaller.schedule_value, smaller.schedule->parameters))
    keep_if_fails(s, &smaller);
  smaller = *s->trial;
  smaller.schedule = alf_schedule_find("constant");
  if (smaller.schedule != s->trial->schedule)
    keep_if_fails(s, &smaller);
  smaller = *s->trial;
  smaller.u = ldexp(smaller.u, -shift_scale(&smaller));
  smaller.scale = 0;
  if (s->trial->scale)
    keep_if_fails(s, &smaller);
  smaller = *s->trial;
  smaller.u = 1;
  if (s->trial->u == 1 || keep_if_fails(s, &smaller))
    return;
  smaller.u = exp2(round(log2(s->trial->u)));
  if (smaller.u != s->trial->u)
    keep_if_fails(s, &smaller);
}

void alf_trial_shrink(alf_trial *trial, bool (*fails)(const alf_trial *trial, void *context), void *context)
{
  shrinking s = {trial, fails, context, true};
  while (s.changed) {
    s.changed = false;
    shrink_rows(&s);
    shrink_columns(&s);
    shrink_number(&s, &trial->steps, 1);
    shrink_number(&s, &trial->topk, 1);
    shrink_number(&s, &trial->start, 0);
    simplify(&s);
  }
}
