#include "measure/tie_sample.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "alf/random.h"

enum { PIECE = 256 };                  /* tokens drawn at once */
#define FIRST_BATCH (INT64_C(5) << 45) /* of the samples: no stream and no other measurement reaches it */

typedef struct taking {
  const alf_tie_settings *settings;
  const double *shift;
  int32_t experts, topk;
  double step;
  double *affinity; /* PIECE×E */
  double *score;    /* E: of one token */
  int32_t *best;    /* K + 1: its largest scores, the largest first */
  int32_t *near;    /* E: experts that may cross the cut when two scores move by t */
  gsl_rng *rng;
} taking;

static void free_taking(taking *t)
{
  free(t->affinity);
  free(t->score);
  free(t->best);
  free(t->near);
  if (t->rng)
    gsl_rng_free(t->rng);
}

static alf_status alloc_taking(taking *t, alf_tie_sample *sample, alf_error *err)
{
  size_t experts = (size_t)t->experts, densities = ALF_TIE_GROUPS * experts * experts;
  bool complete = true;
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  for (int way = 0; way < ALF_TIE_WAYS; way++) {
    sample->density[way] = calloc(densities, sizeof(double));
    complete = complete && sample->density[way];
  }
  t->affinity = malloc(PIECE * experts * sizeof *t->affinity);
  t->score = malloc(experts * sizeof *t->score);
  t->best = malloc(((size_t)t->topk + 1) * sizeof *t->best);
  t->near = malloc(experts * sizeof *t->near);
  t->rng = gsl_rng_alloc(alf_rng_philox);
  if (complete && t->affinity && t->score && t->best && t->near && t->rng)
    return ALF_OK;
  return alf_fail_memory(err, (densities * ALF_TIE_WAYS + PIECE * experts) * sizeof(double));
}

/* The n largest scores, the largest first; equal ones in the order of experts. */
static void find_best(const taking *t, int32_t n)
{
  for (int32_t k = 0; k < t->experts; k++) {
    int32_t j = k < n ? k : n - 1;
    if (k >= n && !(t->score[k] > t->score[t->best[j]]))
      continue;
    for (; j > 0 && t->score[t->best[j - 1]] < t->score[k]; j--)
      t->best[j] = t->best[j - 1];
    t->best[j] = k;
  }
}

/* Who is chosen for certain, or not, whatever two scores do within t adds nothing to a difference. */
static int32_t find_near(const taking *t)
{
  int32_t count = 0;
  find_best(t, t->topk + 1);
  double last_in = t->score[t->best[t->topk - 1]], first_out = t->score[t->best[t->topk]];
  for (int32_t k = 0; k < t->experts; k++)
    if (t->score[k] <= first_out + 2 * t->step && t->score[k] >= last_in - 2 * t->step)
      t->near[count++] = k;
  return count;
}

static bool is_chosen(const taking *t, int32_t l, double move, int32_t k)
{
  bool chosen = false;
  double before = t->score[l];
  t->score[l] += move;
  find_best(t, t->topk);
  for (int32_t j = 0; j < t->topk; j++)
    chosen = chosen || t->best[j] == k;
  t->score[l] = before;
  return chosen;
}

/* ∂share_k/∂p_l = −h_kl. */
static double by_gradients(const taking *t, int32_t k, int32_t l)
{
  double forward = is_chosen(t, l, -t->step, k) - is_chosen(t, l, t->step, k);
  double backward = is_chosen(t, k, -t->step, l) - is_chosen(t, k, t->step, l);
  return (forward + backward) / (4 * t->step);
}

static double sum_of_best(const taking *t, int32_t k, double a, int32_t l, double b)
{
  double sum = 0, before[] = {t->score[k], t->score[l]};
  t->score[k] += a;
  t->score[l] += b;
  find_best(t, t->topk);
  for (int32_t j = 0; j < t->topk; j++)
    sum += t->score[t->best[j]];
  t->score[k] = before[0];
  t->score[l] = before[1];
  return sum;
}

/* ∂²F/∂p_k∂p_l = −h_kl. */
static double by_second_differences(const taking *t, int32_t k, int32_t l)
{
  double a = t->step;
  double same = sum_of_best(t, k, a, l, a) + sum_of_best(t, k, -a, l, -a);
  double opposite = sum_of_best(t, k, a, l, -a) + sum_of_best(t, k, -a, l, a);
  return (opposite - same) / (4 * a * a);
}

static double by_nearness(const taking *t, int32_t k, int32_t l)
{
  double middle = (t->score[k] + t->score[l]) / 2;
  int32_t above = 0;
  for (int32_t j = 0; j < t->experts; j++)
    above += j != k && j != l && t->score[j] > middle;
  return fabs(t->score[k] - t->score[l]) < t->step && above == t->topk - 1 ? 1 / (2 * t->step) : 0;
}

static void observe(const taking *t, alf_tie_way way, double *sum)
{
  static double (*const look[])(const taking *, int32_t, int32_t) = {by_gradients, by_second_differences, by_nearness};
  for (int64_t i = 0; i < PIECE; i++) {
    for (int32_t k = 0; k < t->experts; k++)
      t->score[k] = t->affinity[i * t->experts + k] + t->shift[k];
    int32_t count = find_near(t);
    for (int32_t a = 0; a < count; a++)
      for (int32_t b = 0; b < a; b++)
        sum[t->near[a] * t->experts + t->near[b]] += look[way](t, t->near[a], t->near[b]);
  }
}

/* Sums over the tokens of a group, below the diagonal, become means on both sides. */
static void conclude(alf_tie_sample *sample)
{
  int32_t n = sample->experts;
  double each = (double)sample->tokens / ALF_TIE_GROUPS;
  for (int way = 0; way < ALF_TIE_WAYS; way++)
    for (int g = 0; g < ALF_TIE_GROUPS; g++) {
      double *h = sample->density[way] + (int64_t)g * n * n;
      for (int32_t k = 0; k < n; k++)
        for (int32_t l = 0; l < k; l++)
          h[l * n + k] = h[k * n + l] /= each;
    }
}

static alf_status take_pieces(const taking *t, alf_tie_sample *sample, alf_error *err)
{
  alf_family_call call = *t->settings->call;
  int64_t turns = (t->settings->tokens + ALF_TIE_GROUPS * PIECE - 1) / (ALF_TIE_GROUPS * PIECE);
  int64_t pieces = turns * ALF_TIE_GROUPS * ALF_TIE_WAYS, square = (int64_t)t->experts * t->experts;
  call.rng = t->rng;
  call.tokens = PIECE;
  for (int64_t piece = 0; piece < pieces; piece++) {
    alf_tie_way way = (alf_tie_way)(piece % ALF_TIE_WAYS);
    int64_t group = piece / ALF_TIE_WAYS % ALF_TIE_GROUPS;
    call.batch = FIRST_BATCH + piece;
    alf_status status = t->settings->family->fill(&call, t->affinity, err);
    if (status != ALF_OK)
      return status;
    observe(t, way, sample->density[way] + group * square);
  }
  sample->tokens = turns * ALF_TIE_GROUPS * PIECE;
  conclude(sample);
  return ALF_OK;
}

alf_status alf_tie_sample_take(alf_tie_sample *sample, const alf_tie_settings *settings, const double *shift,
                               alf_error *err)
{
  taking t = {.settings = settings,
              .shift = shift,
              .experts = settings->call->experts,
              .topk = settings->topk,
              .step = settings->step};
  *sample = (alf_tie_sample){.experts = t.experts};
  alf_status status = alloc_taking(&t, sample, err);
  if (status == ALF_OK)
    status = take_pieces(&t, sample, err);
  free_taking(&t);
  return status;
}

void alf_tie_sample_free(alf_tie_sample *sample)
{
  for (int way = 0; way < ALF_TIE_WAYS; way++)
    free(sample->density[way]);
  *sample = (alf_tie_sample){0};
}

alf_status alf_tie_sample_density(const alf_tie_sample *sample, alf_tie_way way, int32_t k, int32_t l, alf_interval *h,
                                  alf_error *err)
{
  double own[ALF_TIE_GROUPS];
  int64_t n = sample->experts;
  for (int64_t g = 0; g < ALF_TIE_GROUPS; g++)
    own[g] = sample->density[way][(g * n + k) * n + l];
  return alf_bootstrap_mean(own, ALF_TIE_GROUPS, h, err);
}

/* Σ_{k<l} h_kl (z_k − z_l)² by one group. */
static double quadratic(const double *h, const gsl_vector *z)
{
  double sum = 0;
  for (size_t k = 0; k < z->size; k++)
    for (size_t l = 0; l < k; l++) {
      double difference = gsl_vector_get(z, k) - gsl_vector_get(z, l);
      sum += h[k * z->size + l] * difference * difference;
    }
  return sum;
}

/* The Laplacian by all groups, plus so much of 11ᵀ that the common shift is the stiffest direction. */
static void fill_laplacian(const double *density, gsl_matrix *out)
{
  size_t n = out->size1;
  double total = 0;
  gsl_matrix_set_zero(out);
  for (size_t at = 0; at < ALF_TIE_GROUPS * n * n; at++) {
    size_t k = at / n % n, l = at % n;
    double share = density[at] / ALF_TIE_GROUPS;
    *gsl_matrix_ptr(out, k, l) -= share;
    *gsl_matrix_ptr(out, k, k) += share;
    total += share;
  }
  gsl_matrix_add_constant(out, total);
}

alf_status alf_tie_sample_modulus(const alf_tie_sample *sample, alf_tie_way way, alf_tie_way softest,
                                  alf_interval *modulus, alf_error *err)
{
  size_t n = (size_t)sample->experts;
  double own[ALF_TIE_GROUPS];
  gsl_set_error_handler_off();
  gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
  gsl_matrix *matrix = gsl_matrix_alloc(n, n), *basis = gsl_matrix_alloc(n, n);
  gsl_vector *value = gsl_vector_alloc(n);
  bool complete = work && matrix && basis && value;
  if (complete) {
    fill_laplacian(sample->density[softest], matrix);
    gsl_eigen_symmv(matrix, value, basis, work);
    gsl_eigen_symmv_sort(value, basis, GSL_EIGEN_SORT_VAL_ASC);
    gsl_vector_view z = gsl_matrix_column(basis, 0);
    for (size_t g = 0; g < ALF_TIE_GROUPS; g++)
      own[g] = quadratic(sample->density[way] + g * n * n, &z.vector);
  }
  if (work)
    gsl_eigen_symmv_free(work);
  gsl_matrix_free(matrix);
  gsl_matrix_free(basis);
  gsl_vector_free(value);
  return complete ? alf_bootstrap_mean(own, ALF_TIE_GROUPS, modulus, err)
                  : alf_fail_memory(err, 2 * n * n * sizeof(double));
}
