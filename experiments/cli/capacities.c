#include "cli/capacities.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/number.h"
#include "cli/rows.h"

static bool is_list(const char *text)
{
  size_t length = strlen(text);
  bool is_file = length >= 4 && !strcmp(text + length - 4, ".npy");
  return !is_file && strchr("0123456789+-,", text[0]);
}

static alf_status read_number(char *text, int32_t k, int64_t tokens, int64_t *capacity, alf_error *err)
{
  uint64_t value = 0;
  char what[40];
  alf_error cause = {0};
  snprintf(what, sizeof what, "capacity of expert %d", (int)k);
  if (alf_parse_whole(text, what, (uint64_t)tokens, &value, &cause))
    return alf_fail(err, ALF_EINVAL, "--capacities: %.400s, the number of tokens", cause.text);
  *capacity = (int64_t)value;
  return ALF_OK;
}

/* Takes `list` apart. */
static alf_status read_list(int64_t *capacity, char *list, const alf_source_info *input, alf_error *err)
{
  int32_t found = 1;
  for (const char *c = list; *c; c++)
    found += *c == ',';
  if (found != input->experts)
    return alf_fail(err, ALF_EINVAL, "--capacities: found %d numbers, expected %d, one for each expert", (int)found,
                    (int)input->experts);
  alf_status status = ALF_OK;
  for (int32_t k = 0; k < found && !status; k++) {
    char *end = list + strcspn(list, ",");
    *end = '\0';
    status = read_number(list, k, input->tokens, &capacity[k], err);
    list = end + 1;
  }
  return status;
}

static alf_status take_row(int64_t *capacity, const alf_cli_rows *rows, const char *path, const alf_source_info *input,
                           alf_error *err)
{
  if (rows->count != 1)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: found %lld rows, expected 1", path, (long long)rows->count);
  for (int32_t k = 0; k < rows->experts; k++) {
    double value = rows->value[k];
    if (!(value >= 0 && value <= (double)input->tokens && value == floor(value)))
      return alf_fail(err, ALF_EFORMAT,
                      "%s: capacity of expert %d is %.15g: expected a whole number in 0..%lld, the number of tokens",
                      path, (int)k, value, (long long)input->tokens);
    capacity[k] = (int64_t)value;
  }
  return ALF_OK;
}

static alf_status read_file(int64_t *capacity, const char *path, const alf_source_info *input, alf_error *err)
{
  alf_cli_rows rows = {0};
  alf_status status = alf_cli_rows_read(&rows, path, path, "capacity", input->experts, err);
  if (!status)
    status = take_row(capacity, &rows, path, input, err);
  alf_cli_rows_free(&rows);
  return status;
}

static alf_status check_sum(const int64_t *capacity, const char *name, alf_status failure, const alf_source_info *input,
                            int64_t topk, alf_error *err)
{
  int64_t sum = 0;
  for (int32_t k = 0; k < input->experts; k++)
    sum += capacity[k];
  if (sum == topk * input->tokens)
    return ALF_OK;
  return alf_fail(err, failure, "%s: capacities of experts 0..%d add up to %lld: expected K*T = %lld", name,
                  (int)input->experts - 1, (long long)sum, (long long)(topk * input->tokens));
}

alf_status alf_cli_capacities_read(int64_t **capacity, const char *text, const alf_source_info *input, int64_t topk,
                                   alf_error *err)
{
  bool list = is_list(text);
  char *copy = strdup(text);
  *capacity = calloc((size_t)input->experts, sizeof **capacity);
  alf_status status = ALF_OK;
  if (!*capacity || !copy)
    status = alf_fail_memory(err, (size_t)input->experts * sizeof **capacity + strlen(text) + 1);
  if (!status)
    status = list ? read_list(*capacity, copy, input, err) : read_file(*capacity, text, input, err);
  if (!status)
    status = check_sum(*capacity, list ? "--capacities" : text, list ? ALF_EINVAL : ALF_EFORMAT, input, topk, err);
  free(copy);
  if (status) {
    free(*capacity);
    *capacity = NULL;
  }
  return status;
}
