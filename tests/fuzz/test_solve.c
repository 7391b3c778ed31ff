/* Problems of any shape, also absurd ones, through alf_solve and alf_certify. Fixed seeds, so that a failure repeats: it
   prints the case number, and fuzz_solve CASE runs that one alone. A problem that breaks the contract must be refused;
   any other must end as a certified optimum, or, with an approximate solver, as a routing with all loads right, unless
   the solver says beforehand that it cannot. */
#include "support.h"

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "alf/solver.h"

enum { CASES = 4000, MOST_TOKENS = 300, MOST_EXPERTS = 40, LONG_ROW = 260, CELLS = MOST_TOKENS * MOST_EXPERTS };

static const int64_t cell_limit = (INT64_C(1) << 41) - 1;

typedef struct fuzz_case {
  uint64_t number;
  bool good; /* the problem is as problem.h wants it */
  int64_t cells[CELLS], capacity[LONG_ROW];
  alf_affinity batch;
  alf_problem problem;
} fuzz_case;

static int64_t below(gsl_rng *rng, int64_t limit)
{
  uint64_t bits = gsl_rng_get(rng);
  return (int64_t)((bits << 32 | gsl_rng_get(rng)) % (uint64_t)limit);
}

static bool one_in(gsl_rng *rng, int64_t count)
{
  return below(rng, count) == 0;
}

static void draw_shape(gsl_rng *rng, fuzz_case *f)
{
  bool large = one_in(rng, 16), long_row = one_in(rng, 64);
  f->batch.tokens = 1 + below(rng, large ? MOST_TOKENS : 24);
  f->batch.experts = 2 + (int32_t)below(rng, large ? MOST_EXPERTS - 1 : 9);
  if (long_row) {
    f->batch.tokens = 1 + below(rng, 2);
    f->batch.experts = MOST_EXPERTS + (int32_t)below(rng, LONG_ROW - MOST_EXPERTS);
  }
  f->problem.topk = 1 + (int32_t)below(rng, f->batch.experts - 1);
  if (long_row || one_in(rng, 3))
    f->problem.topk = one_in(rng, 2) || long_row ? 1 : f->batch.experts - 1;
  f->problem.kind = one_in(rng, 2) ? ALF_FRACTIONAL : ALF_ROUNDED;
  f->batch.grid_bits = ALF_GRID_BITS - (int32_t)below(rng, 3) * (int32_t)below(rng, 40);
}

/* From all alike to both ends of the grid. */
static void draw_cells(gsl_rng *rng, fuzz_case *f)
{
  int64_t pattern = below(rng, 6), range = 1 + (cell_limit >> below(rng, 41));
  for (int64_t c = 0; c < f->batch.tokens * f->batch.experts; c++) {
    int64_t end = one_in(rng, 2) ? cell_limit : -cell_limit, column = c % f->batch.experts;
    int64_t choice[] = {end,
                        end - (end > 0 ? 1 : -1) * below(rng, 3),
                        below(rng, range) - below(rng, range),
                        below(rng, range),
                        c < f->batch.experts ? below(rng, range) : f->cells[column],
                        column == 0 ? range - 1 : -below(rng, range)};
    f->cells[c] = choice[pattern];
  }
}

/* One slot at a time or as many as fit, so that 0 and T are among them. */
static void draw_capacities(gsl_rng *rng, fuzz_case *f)
{
  int64_t slots = f->problem.topk * f->batch.tokens;
  bool in_pieces = one_in(rng, 2);
  memset(f->capacity, 0, (size_t)f->batch.experts * sizeof *f->capacity);
  while (slots > 0) {
    int64_t k = below(rng, f->batch.experts), room = f->batch.tokens - f->capacity[k];
    int64_t piece = in_pieces || one_in(rng, 3) ? room > 0 : room;
    piece = piece < slots ? piece : slots;
    f->capacity[k] += piece;
    slots -= piece;
  }
  f->problem.capacity = f->capacity;
}

static void spoil_capacities(gsl_rng *rng, fuzz_case *f)
{
  int64_t k = below(rng, f->batch.experts), j = (k + 1) % f->batch.experts, tokens = f->batch.tokens;
  int64_t wrong[] = {f->capacity[k] + 1, f->capacity[k] - 1, -1, tokens + 1, INT64_MAX, INT64_MIN};
  int64_t value = wrong[below(rng, 6)];
  if ((value == -1 || value == tokens + 1) && one_in(rng, 2)) /* the sum stays */
    f->capacity[j] += f->capacity[k] - value;
  f->capacity[k] = value;
}

static void spoil_shape(gsl_rng *rng, fuzz_case *f)
{
  static const int64_t tokens[] = {0, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 60};
  static const int32_t experts[] = {0, 1, -1, INT32_MIN, INT32_MAX, ALF_MAX_EXPERTS + 1, 65536, 65537};
  int32_t topk[] = {0, -1, INT32_MIN, INT32_MAX, f->batch.experts, f->batch.experts + 1};
  int64_t which = below(rng, 3);
  if (which == 0)
    f->batch.tokens = tokens[below(rng, 5)];
  else if (which == 1)
    f->batch.experts = experts[below(rng, 8)];
  else
    f->problem.topk = topk[below(rng, 6)];
}

/* One thing that the contract forbids. */
static void spoil(gsl_rng *rng, fuzz_case *f)
{
  int64_t cell = below(rng, f->batch.tokens * f->batch.experts);
  static const int64_t beyond[] = {INT64_C(1) << 41, -(INT64_C(1) << 41), INT64_MAX, INT64_MIN};
  f->good = false;
  switch (below(rng, f->problem.capacity ? 6 : 5)) {
  case 0:
    f->problem.kind = (alf_problem_kind)(one_in(rng, 2) ? 2 : -1);
    break;
  case 1:
    f->cells[cell] = beyond[below(rng, 4)];
    break;
  case 2:
    f->batch.dtype = one_in(rng, 2) ? ALF_FLOAT64 : ALF_FLOAT32;
    break;
  case 3:
    f->batch.values = NULL;
    break;
  case 4:
    spoil_shape(rng, f);
    break;
  default:
    spoil_capacities(rng, f);
  }
}

static void draw_case(gsl_rng *rng, uint64_t number, fuzz_case *f)
{
  alf_rng_stream(rng, 3, 0, number);
  f->number = number;
  f->good = true;
  f->batch = (alf_affinity){.dtype = ALF_DYADIC, .values = f->cells};
  f->problem = (alf_problem){.batch = &f->batch};
  draw_shape(rng, f);
  draw_cells(rng, f);
  if (one_in(rng, 2))
    draw_capacities(rng, f);
  if (one_in(rng, 4))
    spoil(rng, f);
}

/* What is wrong with a solve of a good problem, or NULL. *solved: not refused. */
static const char *try_good(const alf_solver *solver, const fuzz_case *f, bool *solved)
{
  static alf_error err;
  alf_solution solution = {0};
  alf_certificate c = {0};
  alf_status can = solver->can(&f->problem, &err), status = alf_solve(solver, &f->problem, NULL, &solution, &err);
  *solved = can == ALF_OK;
  if (can)
    return can == ALF_EUNSUPPORTED && status == can ? NULL : "refuses in another way than it says";
  if (!status)
    status = alf_certify(&f->problem, &solution, &c, &err);
  alf_solution_free(&solution);
  if (status)
    return err.text;
  if (solver->approximate)
    return c.row_violations || c.entry_violations || c.load_violations || c.gap < 0 ? "not a routing" : NULL;
  return c.certified ? NULL : "not certified";
}

static const char *try_bad(const alf_solver *solver, const fuzz_case *f)
{
  alf_error err = {0};
  alf_solution solution = {0}, zero = {0};
  alf_certificate c = {0};
  alf_status status = alf_solve(solver, &f->problem, NULL, &solution, &err);
  if ((status != ALF_EINVAL && status != ALF_ERANGE) || err.code != status || !err.text[0])
    return "a problem against the contract is not refused";
  if (memcmp(&solution, &zero, sizeof zero) != 0)
    return "a refused problem leaves a solution";
  return alf_certify(&f->problem, &solution, &c, &err) == status ? NULL : "the certificate does not refuse it alike";
}

/* All solvers that take no second for it. */
static bool takes_part(const alf_solver *solver, const fuzz_case *f)
{
  bool starts_process = !strcmp(solver->name, "glpk-interior") || !strcmp(solver->name, "glpk-mincost");
  return (!starts_process || f->number % 64 == 0) && solver->estimate(&f->problem) < 2e-3;
}

/* How many solvers solved it. */
static int run_case(const fuzz_case *f)
{
  int count = 0;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++) {
    bool solved = false;
    if (f->good && !takes_part(*solver, f))
      continue;
    const char *wrong = f->good ? try_good(*solver, f, &solved) : try_bad(*solver, f);
    if (wrong)
      print_error("case %llu, %lld tokens, %d experts, K = %d, kind %d%s, %s: %s\n", (unsigned long long)f->number,
                  (long long)f->batch.tokens, (int)f->batch.experts, (int)f->problem.topk, (int)f->problem.kind,
                  f->problem.capacity ? " with capacities" : "", (*solver)->name, wrong);
    assert_null(wrong);
    count += solved;
  }
  return count;
}

static void test_problems(void **state)
{
  uint64_t first = *state ? strtoull(*state, NULL, 10) : 0, last = *state ? first + 1 : CASES;
  fuzz_case *f = malloc(sizeof *f);
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  assert_true(f && rng);
  for (uint64_t number = first; number < last; number++) {
    draw_case(rng, number, f);
    int solved = run_case(f);
    assert_true(solved > 0 || !f->good);
  }
  gsl_rng_free(rng);
  free(f);
}

int main(int count, char **arguments)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(test_problems, count == 2 ? arguments[1] : NULL),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
