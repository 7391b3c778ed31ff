#include "run/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/number.h"
#include "alf/rule.h"
#include "core/grow.h"
#include "run/check.h"

void alf_value_print(const alf_value *value, char text[ALF_VALUE_TEXT])
{
  text[0] = '\0';
  if (value->type == ALF_TEXT)
    snprintf(text, ALF_VALUE_TEXT, "%s", value->text);
  if (value->type == ALF_WHOLE)
    snprintf(text, ALF_VALUE_TEXT, "%lld", (long long)value->whole);
  double back = NAN;
  for (int digits = 15; value->type == ALF_REAL && digits <= 17 && back != value->real; digits++) {
    snprintf(text, ALF_VALUE_TEXT, "%.*g", digits, value->real);
    back = strtod(text, NULL);
  }
}

static alf_status push(alf_key_values *values, const alf_key_value *value, alf_error *err)
{
  char text[ALF_VALUE_TEXT];
  alf_value_print(&value->value, text);
  for (int64_t i = 0; i < values->count; i++)
    if (alf_value_same(&values->value[i].value, &value->value))
      return alf_fail(err, ALF_EINVAL, "%s = %.200s: is given twice", values->key->name, text);
  if (values->count == ALF_MOST_VALUES)
    return alf_fail(err, ALF_EINVAL, "%s: expected at most %d values", values->key->name, ALF_MOST_VALUES);
  alf_key_value *grown = alf_grow(values->value, &values->room, values->count + 1, sizeof *grown);
  if (!grown)
    return alf_fail_memory(err, sizeof *grown);
  values->value = grown;
  values->value[values->count++] = *value;
  return ALF_OK;
}

/* "A..B *R" or "A..B +D". */
typedef struct range {
  double from, to, by;
  bool ratio;
} range;

static bool read_range(const char *word, range *r)
{
  char from[64], to[64], by[64];
  const char *dots = strstr(word, "..");
  const char *sign = dots ? strpbrk(dots + 2, "*+") : NULL;
  while (sign && sign[-1] != ' ' && sign[-1] != '\t') /* 1e+3 */
    sign = strpbrk(sign + 1, "*+");
  if (!sign || dots - word > 60 || sign - dots > 60 || strlen(sign) > 60)
    return false;
  snprintf(from, sizeof from, "%.*s", (int)(dots - word), word);
  snprintf(to, sizeof to, "%.*s", (int)(sign - dots - 2), dots + 2);
  snprintf(by, sizeof by, "%s", sign + 1);
  r->ratio = *sign == '*';
  return alf_parse_real(alf_trim(from), "", &r->from, NULL) == ALF_OK &&
         alf_parse_real(alf_trim(to), "", &r->to, NULL) == ALF_OK &&
         alf_parse_real(alf_trim(by), "", &r->by, NULL) == ALF_OK;
}

/* Rounded to 15 digits: 1e-4 three times times 10 is 0.1. */
static double round_digits(double value)
{
  char text[40];
  snprintf(text, sizeof text, "%.15g", value);
  return strtod(text, NULL);
}

static alf_status add_range(alf_key_values *values, const char *word, alf_error *err)
{
  range r;
  bool sound = read_range(word, &r) && r.from <= r.to && (r.ratio ? r.by > 1 && r.from > 0 : r.by > 0);
  if (!sound)
    return alf_fail(err, ALF_EINVAL, "%s = %.100s: expected a range, A..B *R with R above 1, or A..B +D, A at most B",
                    values->key->name, word);
  alf_status status = ALF_OK;
  double value = r.from;
  for (int i = 1; status == ALF_OK && value <= r.to * (1 + (r.to < 0 ? -1e-12 : 1e-12)); i++) {
    alf_key_value one = {.digest = ""};
    status = alf_check_number(values->key, value, &one.value, err);
    if (status == ALF_OK)
      status = push(values, &one, err);
    value = round_digits(r.ratio ? r.from * pow(r.by, i) : r.from + i * r.by);
  }
  return status;
}

static alf_status add_every_rule(alf_key_values *values, alf_memory *memory, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; alf_rules[i] && status == ALF_OK; i++) {
    alf_key_value value = {.digest = ""};
    status = alf_check_value(values->key, alf_rules[i]->name, "", memory, &value, err);
    if (status == ALF_OK)
      status = push(values, &value, err);
  }
  return status;
}

static alf_status add_word(alf_key_values *values, const char *word, const char *base, alf_memory *memory,
                           alf_error *err)
{
  alf_key_type type = values->key->type;
  if (!*word)
    return alf_fail(err, ALF_EINVAL, "%s: an empty value: expected %s", values->key->name, values->key->help);
  if (strlen(word) >= ALF_VALUE_TEXT)
    return alf_fail(err, ALF_EINVAL, "%s = %.60s...: expected at most %d characters", values->key->name, word,
                    ALF_VALUE_TEXT - 1);
  if ((type == ALF_KEY_REAL || type == ALF_KEY_WHOLE) && strstr(word, ".."))
    return add_range(values, word, err);
  if (type == ALF_KEY_RULE && !strcmp(word, "all"))
    return add_every_rule(values, memory, err);
  alf_key_value value = {.digest = ""};
  alf_status status = alf_check_value(values->key, word, base, memory, &value, err);
  return status == ALF_OK ? push(values, &value, err) : status;
}

static bool has_own_commas(alf_key_type type)
{
  return type == ALF_KEY_SOURCE || type == ALF_KEY_FORMAT || type == ALF_KEY_CLAIMS || type == ALF_KEY_FILE ||
         type == ALF_KEY_TEXT;
}

/* What ends the word: a separator that stands in no bracket, or the end of the text. */
static char *word_end(char *text, bool commas)
{
  bool bracketed = false;
  for (; *text; text++) {
    bracketed = *text == '[' || (bracketed && *text != ']');
    if (*text == '|' || (*text == ',' && commas && !bracketed))
      break;
  }
  return text;
}

alf_status alf_values_add(alf_key_values *values, const char *text, const char *base, alf_memory *memory,
                          alf_error *err)
{
  char *copy = strdup(text);
  if (!copy)
    return alf_fail_memory(err, strlen(text) + 1);
  alf_status status = ALF_OK;
  bool commas = !has_own_commas(values->key->type), more = true;
  for (char *word = copy; status == ALF_OK && more;) {
    char *end = word_end(word, commas);
    more = *end != '\0';
    *end = '\0';
    status = add_word(values, alf_trim(word), base, memory, err);
    word = end + 1;
  }
  free(copy);
  return status;
}
