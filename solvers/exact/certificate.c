#include "alf/certificate.h"

#include <stdlib.h>
#include <string.h>

#include "core/hot.h"

#define PRICE_BITS 61
static const int64_t price_limit = INT64_C(1) << PRICE_BITS;
static const int64_t surplus_limit = INT64_MAX / ALF_MAX_EXPERTS;

/* Working memory of one certification and what it reads. */
struct audit {
  const alf_problem *problem;
  const alf_solution *solution;
  alf_certificate *out;
  alf_int128 kept; /* Σ_i (sum of the K largest of γ_i + p), grid units */
  int64_t *score;  /* E: γ_i + p of the current token */
  int64_t *amount; /* E: the current row, dense */
  int64_t *best;   /* K+1 largest scores of the current token, descending */
  int64_t *load;   /* E, in units of 1/denominator */
};

static alf_status check_shapes(const alf_problem *problem, const alf_solution *solution, alf_error *err)
{
  if (!solution || !solution->row || !solution->expert || !solution->amount || !solution->price)
    return alf_fail(err, ALF_EINVAL, "certificate: the solution has no entries or no prices");
  if (solution->tokens != problem->batch->tokens || solution->experts != problem->batch->experts)
    return alf_fail(err, ALF_EINVAL, "certificate: solution is %lld x %d, expected %lld x %d",
                    (long long)solution->tokens, (int)solution->experts, (long long)problem->batch->tokens,
                    (int)problem->batch->experts);
  if (solution->denominator != alf_problem_denominator(problem))
    return alf_fail(err, ALF_EINVAL, "certificate: denominator is %lld, expected %lld",
                    (long long)solution->denominator, (long long)alf_problem_denominator(problem));
  for (int64_t i = 0; i < solution->tokens; i++)
    if (solution->row[0] != 0 || solution->row[i] > solution->row[i + 1] || solution->row[i + 1] > solution->room)
      return alf_fail(err, ALF_EINVAL,
                      "certificate: entries %lld..%lld of token %lld: expected offsets rising from 0 to at most %lld",
                      (long long)solution->row[i], (long long)solution->row[i + 1], (long long)i,
                      (long long)solution->room);
  return ALF_OK;
}

static void audit_free(struct audit *audit)
{
  free(audit->score);
  free(audit->amount);
  free(audit->best);
  free(audit->load);
}

static alf_status audit_alloc(struct audit *audit, alf_error *err)
{
  size_t experts = (size_t)audit->solution->experts, kept = (size_t)audit->problem->topk + 1;
  audit->score = calloc(experts, sizeof *audit->score);
  audit->amount = calloc(experts, sizeof *audit->amount);
  audit->best = calloc(kept, sizeof *audit->best);
  audit->load = calloc(experts, sizeof *audit->load);
  if (audit->score && audit->amount && audit->best && audit->load)
    return ALF_OK;
  return alf_fail_memory(err, (3 * experts + kept) * sizeof *audit->score);
}

/* Reads the entries of token i into the dense row and adds them to loads and primal value. */
static void read_entries(struct audit *audit, int64_t i)
{
  const alf_solution *x = audit->solution;
  const int64_t *affinity = alf_affinity_row(audit->problem->batch, i);
  int64_t sum = 0;
  int32_t previous = -1;
  memset(audit->amount, 0, (size_t)x->experts * sizeof *audit->amount);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    int32_t k = x->expert[e];
    int64_t amount = x->amount[e];
    sum += amount;
    audit->out->entry_violations += k <= previous || k >= x->experts || amount < 1 || amount > x->denominator;
    audit->out->fractional_entries += amount < x->denominator;
    previous = k;
    if (k >= x->experts)
      continue;
    audit->amount[k] += amount;
    audit->load[k] += amount;
    audit->out->primal += (alf_int128)affinity[k] * amount;
  }
  audit->out->row_violations += sum != audit->problem->topk * x->denominator;
}

/* No sum with an affinity can overflow then, as alf_problem_check bounds those. */
static alf_status check_prices(const alf_solution *solution, alf_error *err)
{
  for (int32_t k = 0; k < solution->experts; k++)
    if (solution->price[k] > price_limit || solution->price[k] < -price_limit)
      return alf_fail(err, ALF_EINVAL, "certificate: price of expert %d is %lld grid units: expected |price| <= 2^%d",
                      (int)k, (long long)solution->price[k], PRICE_BITS);
  return ALF_OK;
}

ALF_HOT static void read_scores(const int64_t *affinity, const int64_t *price, int32_t experts, int64_t *score)
{
  for (int32_t k = 0; k < experts; k++)
    score[k] = affinity[k] + price[k];
}

/* The K+1 largest scores by insertion: their sum, and whether the last two agree. */
static void take_best(struct audit *audit)
{
  int32_t room = audit->problem->topk + 1, held = 0;
  for (int32_t k = 0; k < audit->solution->experts; k++) {
    int64_t score = audit->score[k];
    if (held == room && score <= audit->best[room - 1])
      continue;
    int32_t at = held < room ? held++ : room - 1;
    for (; at > 0 && audit->best[at - 1] < score; at--)
      audit->best[at] = audit->best[at - 1];
    audit->best[at] = score;
  }
  for (int32_t k = 0; k < room - 1; k++)
    audit->kept += audit->best[k];
  audit->out->tied_tokens += audit->best[room - 2] == audit->best[room - 1];
}

/* The scores of one token against a threshold. */
typedef struct split {
  int64_t above, reached; /* how many exceed it, and how many do not fall short of it */
  int64_t surplus;        /* Σ (score − threshold) of those above */
  int64_t highest;        /* score */
} split;

ALF_HOT static split split_scores(const int64_t *score, int32_t experts, int64_t threshold)
{
  split s = {.highest = INT64_MIN};
  uint64_t surplus = 0;
  for (int32_t k = 0; k < experts; k++) {
    s.above += score[k] > threshold;
    s.reached += score[k] >= threshold;
    surplus += score[k] > threshold ? (uint64_t)score[k] - (uint64_t)threshold : 0;
    s.highest = score[k] > s.highest ? score[k] : s.highest;
  }
  s.surplus = (int64_t)surplus;
  return s;
}

/* Adds the sum of the K largest scores. When `threshold` is the K-th of them one pass tells: K times it and what the
   others exceed it by. */
static void add_kept(struct audit *audit, int64_t threshold)
{
  int32_t topk = audit->problem->topk;
  split s = split_scores(audit->score, audit->solution->experts, threshold);
  bool is_last = s.above < topk && s.reached >= topk;
  if (!is_last || s.highest - threshold > surplus_limit) {
    take_best(audit);
    return;
  }
  audit->kept += (alf_int128)threshold * topk + s.surplus;
  audit->out->tied_tokens += s.reached > topk;
}

static int64_t least_used(const struct audit *audit, int64_t i)
{
  int64_t least = INT64_MAX;
  for (int64_t e = audit->solution->row[i]; e < audit->solution->row[i + 1]; e++) {
    int32_t k = audit->solution->expert[e];
    if (k < audit->solution->experts && audit->amount[k] > 0 && audit->score[k] < least)
      least = audit->score[k];
  }
  return least;
}

ALF_HOT static int64_t most_open(const int64_t *score, const int64_t *amount, int32_t experts, int64_t denominator)
{
  int64_t most = INT64_MIN;
  for (int32_t k = 0; k < experts; k++) {
    int64_t open = amount[k] < denominator ? score[k] : INT64_MIN;
    most = open > most ? open : most;
  }
  return most;
}

static void audit_token(struct audit *audit, int64_t i)
{
  const alf_solution *x = audit->solution;
  read_scores(alf_affinity_row(audit->problem->batch, i), x->price, x->experts, audit->score);
  read_entries(audit, i);
  int64_t least = least_used(audit, i);
  add_kept(audit, least);
  /* some used expert is worth less than one that is not used up */
  audit->out->slackness_violations += least < most_open(audit->score, audit->amount, x->experts, x->denominator);
}

/* The price term of the dual, Σ p_k times the load that costs the least of those allowed, and all that
   concerns loads. */
static alf_int128 audit_experts(struct audit *audit)
{
  alf_int128 priced = 0;
  int64_t most = INT64_MIN, least = INT64_MAX;
  for (int32_t k = 0; k < audit->solution->experts; k++) {
    int64_t load = audit->load[k], price = audit->solution->price[k];
    alf_load_range range = alf_problem_load_range(audit->problem, k);
    int64_t cheapest = price > 0 ? range.lower : range.upper;
    priced += (alf_int128)price * cheapest;
    audit->out->load_violations += load < range.lower || load > range.upper;
    audit->out->slackness_violations += price != 0 && load != cheapest && range.lower < range.upper;
    most = load > most ? load : most;
    least = load < least ? load : least;
  }
  audit->out->max_load = (double)most / (double)audit->solution->denominator;
  audit->out->min_load = (double)least / (double)audit->solution->denominator;
  return priced;
}

static void conclude(struct audit *audit)
{
  alf_certificate *out = audit->out;
  const alf_affinity *batch = audit->problem->batch;
  double denominator = (double)audit->solution->denominator;
  out->dual = audit->kept * audit->solution->denominator - audit_experts(audit);
  out->objective = alf_int128_to_double(out->primal, batch->grid_bits, denominator);
  out->dual_bound = alf_int128_to_double(out->dual, batch->grid_bits, denominator);
  out->gap = alf_int128_to_double(out->dual - out->primal, batch->grid_bits, denominator);
  out->rounding_bound = (double)audit->problem->topk * (double)batch->tokens * batch->rounding_bound;
  out->certified = !out->row_violations && !out->entry_violations && !out->load_violations &&
                   !out->slackness_violations && out->primal == out->dual;
}

alf_status alf_certify(const alf_problem *problem, const alf_solution *solution, alf_certificate *certificate,
                       alf_error *err)
{
  alf_status status = alf_problem_check(problem, err);
  if (!status)
    status = check_shapes(problem, solution, err);
  if (!status)
    status = check_prices(solution, err);
  if (status)
    return status;
  *certificate = (alf_certificate){0};
  struct audit audit = {.problem = problem, .solution = solution, .out = certificate};
  status = audit_alloc(&audit, err);
  for (int64_t i = 0; i < solution->tokens && !status; i++)
    audit_token(&audit, i);
  if (!status)
    conclude(&audit);
  audit_free(&audit);
  return status;
}
