#include "run/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/claim.h"
#include "alf/number.h"
#include "alf/solver.h"
#include "data/text.h"
#include "run/parts.h"

char *alf_trim(char *text)
{
  text += strspn(text, " \t");
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t", text[length - 1]))
    length--;
  text[length] = '\0';
  return text;
}

char *alf_memory_text(alf_memory *memory, const char *text)
{
  char *copy = alf_memory_take(memory, strlen(text) + 1, 1);
  if (copy)
    strcpy(copy, text);
  return copy;
}

/* Takes the canonical text of a value over. */
static alf_status keep(alf_memory *memory, const char *text, alf_key_value *value, alf_error *err)
{
  value->value = alf_value_text(alf_memory_text(memory, text));
  return alf_memory_check(memory, err);
}

static alf_status refuse(const alf_key *key, const char *word, const char *expected, alf_error *err)
{
  char shown[100];
  alf_printable(shown, sizeof shown, word, strlen(word));
  return alf_fail(err, ALF_EINVAL, "%s = %s: expected %s", key->name, shown, expected);
}

/* "a number in 0..1, A/mu, or usual" */
static void describe(const alf_key *key, char *text, size_t size)
{
  bool number = key->type == ALF_KEY_REAL || key->type == ALF_KEY_WHOLE;
  char range[100] = "", unit[40] = "", word[40];
  if (number)
    snprintf(range, sizeof range, "%s in %.15g..%.15g", key->type == ALF_KEY_WHOLE ? "a whole number" : "a number",
             key->minimum, key->maximum);
  if (key->unit)
    snprintf(unit, sizeof unit, "A/%s", key->unit);
  text[0] = '\0';
  if (number)
    alf_list_append(text, size, range);
  if (key->unit)
    alf_list_append(text, size, unit);
  for (int i = 0; key->choices && key->choices[i]; i++) {
    snprintf(word, sizeof word, "%s%s", !key->choices[i + 1] && (number || i > 0) ? "or " : "", key->choices[i]);
    alf_list_append(text, size, word);
  }
}

alf_status alf_check_number(const alf_key *key, double number, alf_value *value, alf_error *err)
{
  char expected[300], word[40];
  bool whole = key->type == ALF_KEY_WHOLE;
  if (number >= key->minimum && number <= key->maximum && (!whole || number == floor(number))) {
    *value = whole ? alf_value_whole((int64_t)number) : alf_value_real(number);
    return ALF_OK;
  }
  describe(key, expected, sizeof expected);
  snprintf(word, sizeof word, "%.15g", number);
  return refuse(key, word, expected, err);
}

static bool is_choice(const alf_key *key, const char *word)
{
  for (int i = 0; key->choices && key->choices[i]; i++)
    if (!strcmp(key->choices[i], word))
      return true;
  return false;
}

/* "2/mu" into its number. */
static bool read_multiple(const alf_key *key, const char *word, double *factor)
{
  char number[64];
  const char *slash = key->unit ? strchr(word, '/') : NULL;
  if (!slash || strcmp(slash + 1, key->unit) || slash - word >= (int)sizeof number)
    return false;
  snprintf(number, sizeof number, "%.*s", (int)(slash - word), word);
  return alf_parse_real(number, "", factor, NULL) == ALF_OK && *factor > 0;
}

static alf_status check_number_or_word(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                                       alf_error *err)
{
  double number;
  if (alf_parse_real(word, "", &number, NULL) == ALF_OK)
    return alf_check_number(key, number, &value->value, err);
  if (is_choice(key, word))
    return keep(memory, word, value, err);
  if (read_multiple(key, word, &number)) {
    char text[ALF_VALUE_TEXT];
    alf_value factor = alf_value_real(number);
    alf_value_print(&factor, text);
    snprintf(text + strlen(text), sizeof text - strlen(text), "/%s", key->unit);
    return keep(memory, text, value, err);
  }
  char expected[300];
  describe(key, expected, sizeof expected);
  return refuse(key, word, expected, err);
}

static alf_status check_choice(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                               alf_error *err)
{
  char expected[300];
  if (is_choice(key, word))
    return keep(memory, word, value, err);
  describe(key, expected, sizeof expected);
  return refuse(key, word, expected, err);
}

static alf_status check_solver(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                               alf_error *err)
{
  char known[400] = "auto";
  if (alf_solver_find(word))
    return keep(memory, word, value, err);
  for (int i = 0; alf_solvers[i]; i++)
    alf_list_append(known, sizeof known, alf_solvers[i]->name);
  return refuse(key, word, known, err);
}

static bool is_listed(const char *list, const char *id)
{
  size_t length = strlen(id);
  for (const char *at = list; *at; at += at[0] == ',') {
    size_t own = strcspn(at, ",");
    if (own == length && !strncmp(at, id, length))
      return true;
    at += own;
  }
  return false;
}

/* Appends the ids of a table that are listed, or all of them. */
static int append_claims(const alf_claim *const *claims, const char *list, const char *separator, char *text,
                         size_t size)
{
  int count = 0;
  for (int i = 0; claims[i]; i++) {
    if (list && !is_listed(list, claims[i]->id))
      continue;
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? separator : "", claims[i]->id);
    count++;
  }
  return count;
}

/* "C1,C2" in the order of the tables; "all" stands for every claim. */
static alf_status check_claims(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                               alf_error *err)
{
  char canonical[ALF_VALUE_TEXT] = "", known[300] = "all";
  int listed = *word != '\0';
  for (const char *c = word; *c; c++)
    listed += *c == ',';
  if (!strcmp(word, "all"))
    return keep(memory, word, value, err);
  int found = append_claims(alf_claims, word, ",", canonical, sizeof canonical);
  found += append_claims(alf_false_claims, word, ",", canonical, sizeof canonical);
  if (found == listed)
    return keep(memory, canonical, value, err);
  append_claims(alf_claims, NULL, ", ", known, sizeof known);
  return refuse(key, word, known, err);
}

alf_status alf_check_value(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                           alf_key_value *value, alf_error *err)
{
  switch (key->type) {
  case ALF_KEY_REAL:
  case ALF_KEY_WHOLE:
    return check_number_or_word(key, word, memory, value, err);
  case ALF_KEY_CHOICE:
    return check_choice(key, word, memory, value, err);
  case ALF_KEY_SOLVER:
    return check_solver(key, word, memory, value, err);
  case ALF_KEY_CLAIMS:
    return check_claims(key, word, memory, value, err);
  case ALF_KEY_TEXT:
    return keep(memory, word, value, err);
  case ALF_KEY_SOURCE:
    return alf_check_source(key, word, base, memory, value, err);
  case ALF_KEY_RULE:
    return alf_check_rule(key, word, base, memory, value, err);
  case ALF_KEY_SCHEDULE:
    return alf_check_schedule(key, word, memory, value, err);
  case ALF_KEY_FORMAT:
    return alf_check_format(key, word, memory, value, err);
  case ALF_KEY_FILE:
    return alf_check_file(key, word, base, memory, value, err);
  }
  return ALF_EINVAL;
}
