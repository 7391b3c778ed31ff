#include "data/parameter.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data/text.h"

int alf_parameter_count(const alf_parameter *table)
{
  int count = 0;
  while (table && table[count].name)
    count++;
  return count;
}

/* The slot of a key, or NULL. */
static const char **find_slot(const char *key, alf_given *tables, int count)
{
  for (int t = 0; t < count; t++)
    for (int i = 0; i < alf_parameter_count(tables[t].table); i++)
      if (!strcmp(tables[t].table[i].name, key))
        return &tables[t].text[i];
  return NULL;
}

static alf_status refuse_key(const char *owner, const char *key, const alf_given *tables, int count, alf_error *err)
{
  char shown[48], names[200] = "";
  alf_printable(shown, sizeof shown, key, strlen(key));
  for (int t = 0; t < count; t++)
    for (int i = 0; i < alf_parameter_count(tables[t].table); i++)
      alf_list_append(names, sizeof names, tables[t].table[i].name);
  if (!names[0])
    return alf_fail(err, ALF_EINVAL, "%s: parameter '%s': expected none", owner, shown);
  return alf_fail(err, ALF_EINVAL, "%s: parameter '%s': expected KEY=VALUE with a key of: %s", owner, shown, names);
}

/* One "key=value". */
static alf_status sort_one(const char *owner, char *text, alf_given *tables, int count, alf_error *err)
{
  char *equals = strchr(text, '=');
  if (equals)
    *equals = '\0';
  const char **slot = equals ? find_slot(text, tables, count) : NULL;
  if (!slot)
    return refuse_key(owner, text, tables, count, err);
  if (*slot)
    return alf_fail(err, ALF_EINVAL, "%s: %s: given twice, expected once", owner, text);
  *slot = equals + 1;
  return ALF_OK;
}

alf_status alf_given_sort(const char *owner, char *text, alf_given *tables, int count, alf_error *err)
{
  alf_status status = ALF_OK;
  while (text && status == ALF_OK) {
    char *comma = strchr(text, ',');
    if (comma)
      *comma = '\0';
    status = sort_one(owner, text, tables, count, err);
    text = comma ? comma + 1 : NULL;
  }
  return status;
}

static bool is_allowed(const alf_parameter *parameter, double value)
{
  return value >= parameter->minimum && value <= parameter->maximum && (!parameter->integral || value == floor(value));
}

static alf_status refuse_value(const char *owner, const alf_parameter *parameter, const char *shown, alf_error *err)
{
  char names[200] = "";
  for (int i = 0; parameter->choices && parameter->choices[i]; i++)
    alf_list_append(names, sizeof names, parameter->choices[i]);
  if (parameter->choices)
    return alf_fail(err, ALF_EINVAL, "%s: %s '%s': expected one of %s", owner, parameter->name, shown, names);
  return alf_fail(err, ALF_EINVAL, "%s: %s '%s': expected a %s in %.15g..%.15g", owner, parameter->name, shown,
                  parameter->integral ? "whole number" : "number", parameter->minimum, parameter->maximum);
}

static alf_status parse_choice(const alf_parameter *parameter, const char *text, double *value)
{
  for (int i = 0; parameter->choices[i]; i++)
    if (!strcmp(parameter->choices[i], text)) {
      *value = i;
      return ALF_OK;
    }
  return ALF_EINVAL;
}

static alf_status parse_value(const alf_parameter *parameter, const char *text, double *value)
{
  if (parameter->choices)
    return parse_choice(parameter, text, value);
  if (!parameter->integral)
    return alf_parse_real(text, parameter->name, value, NULL);
  uint64_t whole = 0;
  alf_status status = alf_parse_whole(text, parameter->name, (uint64_t)parameter->maximum, &whole, NULL);
  *value = (double)whole;
  return status;
}

alf_status alf_parameter_parse(const char *owner, const alf_parameter *parameter, const char *text, double *value,
                               alf_error *err)
{
  if (parse_value(parameter, text, value) == ALF_OK && is_allowed(parameter, *value))
    return ALF_OK;
  char shown[64];
  alf_printable(shown, sizeof shown, text, strlen(text));
  return refuse_value(owner, parameter, shown, err);
}

alf_status alf_given_values(const char *owner, const alf_given *given, double *value, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < alf_parameter_count(given->table); i++) {
    value[i] = given->table[i].fallback;
    if (given->text[i])
      status = alf_parameter_parse(owner, &given->table[i], given->text[i], &value[i], err);
  }
  return status;
}

void alf_choice_name(const char *text, char name[ALF_CHOICE_TEXT])
{
  snprintf(name, ALF_CHOICE_TEXT, "%.*s", (int)strcspn(text, "["), text);
}

alf_status alf_choice_values(const char *text, const char *owner, const alf_parameter *table, double *value,
                             alf_error *err)
{
  alf_given given = {.table = table};
  const char *bracket = strchr(text, '[');
  char inside[ALF_CHOICE_TEXT];
  if (!bracket)
    return alf_given_values(owner, &given, value, err);
  size_t length = strcspn(bracket, "]");
  if (length > sizeof inside)
    return alf_fail(err, ALF_EINVAL, "%s: %zu characters of parameters, expected at most %zu", owner, length - 1,
                    sizeof inside - 1);
  if (bracket[length] != ']' || bracket[length + 1])
    return alf_fail(err, ALF_EINVAL, "%s: brackets: expected one pair that ends the text, NAME[KEY=VALUE,…]", owner);
  snprintf(inside, sizeof inside, "%.*s", (int)length - 1, bracket + 1);
  alf_status status = alf_given_sort(owner, inside, &given, 1, err);
  return status == ALF_OK ? alf_given_values(owner, &given, value, err) : status;
}

alf_status alf_parameter_take(const char *owner, const alf_parameter *table, const double *given, double *value,
                              alf_error *err)
{
  for (int i = 0; i < alf_parameter_count(table); i++) {
    value[i] = given ? given[i] : table[i].fallback;
    char shown[32];
    snprintf(shown, sizeof shown, "%.17g", value[i]);
    if (!is_allowed(&table[i], value[i]))
      return refuse_value(owner, &table[i], shown, err);
  }
  return ALF_OK;
}

/* 15 digits where they read back as the same double, else more; with a point whatever the locale. */
static void print_real(char *out, size_t size, double value)
{
  double back = 0;
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, size, "%.*g", digits, value);
    char *comma = strchr(out, ',');
    if (comma)
      *comma = '.';
    if (alf_parse_real(out, "", &back, NULL) == ALF_OK && back == value)
      return;
  }
}

/* Returns the length of what was written, which ends where there is no more room. */
static size_t print_values(const alf_parameter *table, const double *values, char *text, size_t size)
{
  size_t length = 0;
  text[0] = '\0';
  for (int i = 0; values && i < alf_parameter_count(table) && length < size; i++) {
    char number[32];
    if (values[i] == table[i].fallback)
      continue;
    print_real(number, sizeof number, values[i]);
    const char *value = table[i].choices ? table[i].choices[(int)values[i]] : number;
    length += (size_t)snprintf(text + length, size - length, "%s%s=%s", length ? "," : "", table[i].name, value);
  }
  return length < size ? length : size - 1;
}

void alf_values_print(const alf_parameter *table, const double *values, char text[ALF_CHOICE_TEXT])
{
  print_values(table, values, text, ALF_CHOICE_TEXT);
}

void alf_choice_print(const char *name, const alf_parameter *table, const double *values, char text[ALF_CHOICE_TEXT])
{
  size_t length = (size_t)snprintf(text, ALF_CHOICE_TEXT, "%s", name);
  if (length + 3 > ALF_CHOICE_TEXT)
    return;
  size_t inside = print_values(table, values, text + length + 1, ALF_CHOICE_TEXT - length - 2);
  if (!inside)
    return;
  text[length] = '[';
  strcpy(text + length + 1 + inside, "]");
}
