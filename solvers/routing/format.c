#include "alf/format.h"

#include <stdio.h>
#include <string.h>

#include "data/parameter.h"

enum { SHIFT, STEP, LOADS, RANKS, ORDER, ONES, TWICE, STALE, PADDING, GROUPS, KEPT, MASK };

static const char *const count_names[] = {"integer", "float32", "bfloat16", NULL};
static const char *const order_names[] = {"ascending", "descending", "tree", NULL};
static const char *const mask_names[] = {"-inf", "0", NULL};

const alf_parameter alf_format_parameters[] = {
    [SHIFT] = {"shift", 0, 0, 3, 1, "what p + step is rounded to and stored in", alf_precision_names},
    [STEP] = {"step", 0, 0, 3, 1, "what a step is rounded to before it is added", alf_precision_names},
    [LOADS] = {"loads", 0, 0, 2, 1, "what loads are counted in", count_names},
    [RANKS] = {"ranks", 1, 1, 65536, 1, "equal parts of a batch, whose counts are added up in the format of loads"},
    [ORDER] = {"order", 0, 0, 2, 1, "in which the counts of ranks are added up", order_names},
    [ONES] = {"ones", 0, 0, 1, 1, "1: ranks add up ones in the format of loads, not whole counts"},
    [TWICE] = {"twice", 0, 0, 1, 1, "1: every token counts twice"},
    [STALE] = {"stale", 0, 0, 1000, 1, "how many batches old the loads are"},
    [PADDING] = {"padding", 0, 0, 1e12, 1, "last tokens of a batch that count but do not matter"},
    [GROUPS] = {"groups", 0, 0, ALF_MAX_EXPERTS, 1, "of experts, scored by their two best; 0: none"},
    [KEPT] = {"kept", 0, 0, ALF_MAX_EXPERTS, 1, "best groups that a token may choose from"},
    [MASK] = {"mask", 0, 0, 1, 1, "what scores outside these groups count as", mask_names},
    {0}};

static void to_values(const alf_format *f, double *value)
{
  value[SHIFT] = f->shift;
  value[STEP] = f->step;
  value[LOADS] = f->loads;
  value[RANKS] = f->ranks ? f->ranks : 1;
  value[ORDER] = f->order;
  value[ONES] = f->ones;
  value[TWICE] = f->twice;
  value[STALE] = f->stale;
  value[PADDING] = (double)f->padding;
  value[GROUPS] = f->groups;
  value[KEPT] = f->kept;
  value[MASK] = f->mask_zero;
}

static alf_format from_values(const double *value)
{
  return (alf_format){.shift = (alf_precision)value[SHIFT],
                      .step = (alf_precision)value[STEP],
                      .loads = (alf_precision)value[LOADS],
                      .ranks = value[RANKS] > 1 ? (int32_t)value[RANKS] : 0,
                      .order = (alf_rank_order)value[ORDER],
                      .ones = value[ONES] != 0,
                      .twice = value[TWICE] != 0,
                      .stale = (int32_t)value[STALE],
                      .padding = (int64_t)value[PADDING],
                      .groups = (int32_t)value[GROUPS],
                      .kept = (int32_t)value[KEPT],
                      .mask_zero = value[MASK] != 0};
}

/* What means nothing whatever the batch. */
static alf_status check_combination(const alf_format *f, alf_error *err)
{
  if (f->order && f->ranks <= 1)
    return alf_fail(err, ALF_EINVAL, "format: order=%s: expected ranks=2 or more", order_names[f->order]);
  if (f->ones && !f->loads)
    return alf_fail(err, ALF_EINVAL, "format: ones=1: expected loads=float32 or bfloat16, integers lose none");
  if (!f->groups && (f->kept || f->mask_zero))
    return alf_fail(err, ALF_EINVAL, "format: %s: expected groups=G as well", f->kept ? "kept" : "mask");
  if (f->groups && (f->kept < 1 || f->kept > f->groups))
    return alf_fail(err, ALF_EINVAL, "format: kept %d: expected 1..%d of the groups", f->kept, f->groups);
  return ALF_OK;
}

alf_status alf_format_read(const char *text, alf_format *format, alf_error *err)
{
  char copy[ALF_CHOICE_TEXT];
  double value[ALF_MAX_PARAMETERS];
  alf_given given = {.table = alf_format_parameters};
  *format = (alf_format){0};
  if (!text || !*text)
    return ALF_OK;
  if (strlen(text) >= sizeof copy)
    return alf_fail(err, ALF_EINVAL, "format: %zu characters, expected at most %zu", strlen(text), sizeof copy - 1);
  strcpy(copy, text);
  alf_status status = alf_given_sort("format", copy, &given, 1, err);
  if (status == ALF_OK)
    status = alf_given_values("format", &given, value, err);
  if (status != ALF_OK)
    return status;
  alf_format read = from_values(value);
  status = check_combination(&read, err);
  if (status == ALF_OK)
    *format = read;
  return status;
}

void alf_format_print(const alf_format *format, char text[ALF_CHOICE_TEXT])
{
  double value[ALF_MAX_PARAMETERS];
  if (format)
    to_values(format, value);
  alf_values_print(alf_format_parameters, format ? value : NULL, text);
}

static alf_status check_groups(const alf_format *f, int32_t experts, int32_t topk, alf_error *err)
{
  if (!f->groups)
    return ALF_OK;
  if (experts % f->groups)
    return alf_fail(err, ALF_EINVAL, "format: groups %d: expected a divisor of %d experts", f->groups, experts);
  int32_t eligible = f->kept * (experts / f->groups);
  if (topk > eligible)
    return alf_fail(err, ALF_EINVAL, "format: kept %d of %d groups: %d experts are eligible, expected K = %d or more",
                    f->kept, f->groups, eligible, topk);
  return ALF_OK;
}

alf_status alf_format_check(const alf_format *f, int64_t tokens, int32_t experts, int32_t topk, alf_error *err)
{
  if (!f)
    return ALF_OK;
  double value[ALF_MAX_PARAMETERS], taken[ALF_MAX_PARAMETERS];
  to_values(f, value);
  alf_status status = alf_parameter_take("format", alf_format_parameters, value, taken, err);
  if (status == ALF_OK)
    status = check_combination(f, err);
  if (status == ALF_OK && f->ranks > tokens)
    status =
        alf_fail(err, ALF_EINVAL, "format: ranks %d: expected at most the %lld tokens", f->ranks, (long long)tokens);
  if (status == ALF_OK && f->padding >= tokens)
    status = alf_fail(err, ALF_EINVAL, "format: padding %lld: expected fewer than the %lld tokens",
                      (long long)f->padding, (long long)tokens);
  return status == ALF_OK ? check_groups(f, experts, topk, err) : status;
}

alf_affinity alf_format_view(const alf_format *format, const alf_affinity *batch)
{
  alf_affinity view = *batch;
  view.storage = NULL;
  view.tokens -= format ? format->padding : 0;
  return view;
}

double alf_format_step_size(const alf_format *format, double step_size)
{
  return format ? alf_round_real(format->step, step_size) : step_size;
}

bool alf_format_is_anchored(const alf_format *format)
{
  return format && (format->shift || format->mask_zero);
}
