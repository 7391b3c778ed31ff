#include "cli/witness.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "alf/new_file.h"
#include "cli/output.h"
#include "cli/words.h"

#define MOST_UNITS ((json_int_t)1 << 41)

static json_t *list_units(const int64_t *unit, int64_t count)
{
  json_t *list = json_array();
  for (int64_t j = 0; j < count; j++)
    alf_cli_json_append(&list, json_integer((json_int_t)unit[j]));
  return list;
}

static json_t *list_rows(const alf_trial *t)
{
  json_t *rows = json_array();
  for (int64_t i = 0; i < t->tokens; i++)
    alf_cli_json_append(&rows, list_units(t->affinity + i * t->experts, t->experts));
  return rows;
}

static json_t *to_json(const alf_cli_witness *w)
{
  const alf_trial *t = &w->trial;
  char rule[ALF_CHOICE_TEXT], schedule[ALF_CHOICE_TEXT];
  alf_choice_print(t->rule->name, t->rule->parameters, t->rule_value, rule);
  alf_choice_print(t->schedule->name, t->schedule->parameters, t->schedule_value, schedule);
  return json_pack("{ss ss ss sI si si sI si sI so so ss so sI}", "claim", w->claim->id, "rule", rule, "schedule",
                   schedule, "tokens", (json_int_t)t->tokens, "experts", (int)t->experts, "topk", (int)t->topk, "steps",
                   (json_int_t)t->steps, "grid_bits", (int)t->grid_bits, "u",
                   (json_int_t)llrint(ldexp(t->u, t->grid_bits)), "shift", list_units(t->shift, t->experts), "affinity",
                   list_rows(t), "verdict", alf_verdict_name(w->verdict), "margin", alf_cli_json_real(w->margin),
                   "worst_step", (json_int_t)w->worst_step);
}

alf_status alf_cli_witness_write(const alf_cli_witness *w, const char *path, alf_error *err)
{
  alf_new_file file = {0};
  json_t *object = to_json(w);
  if (!object)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  alf_status status = alf_new_file_open(&file, path, err);
  if (status == ALF_OK) {
    json_dumpf(object, file.file, JSON_COMPACT | JSON_REAL_PRECISION(17));
    fputc('\n', file.file);
    status = alf_new_file_commit(&file, err);
  }
  alf_new_file_close(&file);
  json_decref(object);
  return status;
}

/* What the fields are read from, and how errors name it. */
typedef struct reading {
  const char *path;
  const char *rules; /* NULL: only built-in ones */
  const json_t *object;
  alf_error *err;
} reading;

static alf_status refuse(const reading *r, const char *field, const json_t *value, const char *expected)
{
  char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
  alf_status status = alf_fail(r->err, ALF_EFORMAT, "%.200s: %s is %.60s: expected %s", r->path, field,
                               text ? text : "missing", expected);
  free(text);
  return status;
}

static alf_status read_whole(const reading *r, const char *field, json_int_t least, json_int_t most, int64_t *out)
{
  const json_t *value = json_object_get(r->object, field);
  char expected[80];
  snprintf(expected, sizeof expected, "a whole number in %lld..%lld", (long long)least, (long long)most);
  if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
    return refuse(r, field, value, expected);
  *out = json_integer_value(value);
  return ALF_OK;
}

static alf_status read_units(const reading *r, const char *field, const json_t *list, int64_t count, int64_t *out)
{
  char expected[80];
  snprintf(expected, sizeof expected, "a list of %lld whole numbers of at most 2^41", (long long)count);
  if (!json_is_array(list) || json_array_size(list) != (size_t)count)
    return refuse(r, field, list, expected);
  for (int64_t j = 0; j < count; j++) {
    const json_t *unit = json_array_get(list, (size_t)j);
    if (!json_is_integer(unit) || llabs(json_integer_value(unit)) > MOST_UNITS)
      return refuse(r, field, unit, expected);
    out[j] = json_integer_value(unit);
  }
  return ALF_OK;
}

static alf_status read_rows(const reading *r, alf_trial *t)
{
  const json_t *rows = json_object_get(r->object, "affinity");
  if (!json_is_array(rows) || json_array_size(rows) != (size_t)t->tokens)
    return refuse(r, "affinity", rows, "a list of rows, as many as tokens");
  for (int64_t i = 0; i < t->tokens; i++) {
    alf_status status =
        read_units(r, "affinity", json_array_get(rows, (size_t)i), t->experts, t->affinity + i * t->experts);
    if (status != ALF_OK)
      return status;
  }
  return ALF_OK;
}

/* What alf_rule_read and alf_schedule_read say names what is wrong itself. */
static alf_status refuse_choice(const reading *r, const char *field, const json_t *value, const alf_error *cause,
                                const char *hint)
{
  return json_is_string(value) ? alf_fail(r->err, ALF_EFORMAT, "%.200s: %s %.200s%s", r->path, field, cause->text, hint)
                               : refuse(r, field, value, "a name, or NAME[KEY=VALUE,...]");
}

/* The rule of that text in one of the files of the list, with the text's parameters; NULL when there is none. */
static alf_status read_user_rule(const reading *r, const char *text, alf_trial *t)
{
  alf_cli_words list;
  char name[ALF_CHOICE_TEXT], file[ALF_CHOICE_TEXT], choice[2 * ALF_CHOICE_TEXT];
  alf_choice_name(text, name);
  alf_status status = alf_cli_split(&list, "--rule", r->rules, r->err);
  for (int i = 0; status == ALF_OK && i < list.count; i++) {
    if (!alf_rule_is_file(list.word[i]))
      continue;
    alf_choice_name(list.word[i], file);
    status = alf_rule_read(file, &t->rule, t->rule_value, r->err);
    if (status != ALF_OK || strcmp(t->rule->name, name) != 0)
      continue;
    snprintf(choice, sizeof choice, "%s%s", file, text + strlen(name));
    return alf_rule_read(choice, &t->rule, t->rule_value, r->err);
  }
  t->rule = NULL;
  return status;
}

static alf_status read_rule(const reading *r, alf_trial *t)
{
  const json_t *rule = json_object_get(r->object, "rule");
  const char *text = json_string_value(rule);
  alf_error cause = {0};
  alf_status status = ALF_OK;
  if (text && alf_rule_is_file(text))
    return refuse(r, "rule", rule, "the name of a rule; a file is named with --rule");
  if (text && r->rules)
    status = read_user_rule(r, text, t);
  if (status != ALF_OK || t->rule)
    return status;
  if (!text || alf_rule_read(text, &t->rule, t->rule_value, &cause) != ALF_OK)
    return refuse_choice(r, "rule", rule, &cause, t->rule ? "" : "; for a rule in a file add --rule FILE");
  return ALF_OK;
}

static alf_status read_schedule(const reading *r, alf_trial *t)
{
  const json_t *schedule = json_object_get(r->object, "schedule");
  const char *text = json_string_value(schedule);
  alf_error cause = {0};
  if (!text || alf_schedule_read(text, &t->schedule, t->schedule_value, &cause) != ALF_OK)
    return refuse_choice(r, "schedule", schedule, &cause, "");
  return ALF_OK;
}

static alf_status read_names(const reading *r, alf_cli_witness *w)
{
  const json_t *claim = json_object_get(r->object, "claim");
  w->claim = json_is_string(claim) ? alf_claim_find(json_string_value(claim)) : NULL;
  if (!w->claim)
    return refuse(r, "claim", claim, "the id of a claim, see alflab list");
  alf_status status = read_rule(r, &w->trial);
  return status == ALF_OK ? read_schedule(r, &w->trial) : status;
}

static alf_status read_sizes(const reading *r, alf_trial *t)
{
  int64_t experts = 0, topk = 0, grid_bits = 0, u = 0;
  alf_status status = read_whole(r, "tokens", 1, ALF_TRIAL_TOKENS, &t->tokens);
  if (status == ALF_OK)
    status = read_whole(r, "experts", 2, ALF_TRIAL_EXPERTS, &experts);
  if (status == ALF_OK)
    status = read_whole(r, "topk", 1, experts - 1, &topk);
  if (status == ALF_OK)
    status = read_whole(r, "steps", 1, 1000000, &t->steps);
  if (status == ALF_OK)
    status = read_whole(r, "grid_bits", 0, ALF_GRID_BITS, &grid_bits);
  if (status == ALF_OK)
    status = read_whole(r, "u", 1, MOST_UNITS, &u);
  t->experts = (int32_t)experts;
  t->topk = (int32_t)topk;
  t->grid_bits = (int32_t)grid_bits;
  t->u = ldexp((double)u, -t->grid_bits);
  return status;
}

static alf_status read_outcome(const reading *r, alf_cli_witness *w)
{
  const json_t *verdict = json_object_get(r->object, "verdict"), *margin = json_object_get(r->object, "margin");
  const char *name = json_is_string(verdict) ? json_string_value(verdict) : "";
  int v = ALF_HOLDS;
  while (v <= ALF_INCONCLUSIVE && strcmp(name, alf_verdict_name((alf_verdict)v)) != 0)
    v++;
  if (v > ALF_INCONCLUSIVE)
    return refuse(r, "verdict", verdict, "holds, refuted, hypothesis not met or inconclusive");
  w->verdict = (alf_verdict)v;
  if (!json_is_null(margin) && !json_is_number(margin))
    return refuse(r, "margin", margin, "a number or null");
  w->margin = json_is_number(margin) ? json_number_value(margin) : (double)NAN;
  return read_whole(r, "worst_step", 0, 1000000, &w->worst_step);
}

static alf_status load(const char *path, json_t **object, alf_error *err)
{
  json_error_t cause;
  errno = 0;
  FILE *file = fopen(path, "rb");
  *object = file ? json_loadf(file, JSON_REJECT_DUPLICATES, &cause) : NULL;
  bool failed = !file || ferror(file);
  if (file)
    fclose(file);
  if (failed)
    return alf_fail(err, ALF_EIO, "%.400s: %s", path, strerror(errno ? errno : EIO));
  if (!*object)
    return alf_fail(err, ALF_EFORMAT, "%.300s: line %d: %.100s: expected a witness, a JSON object", path, cause.line,
                    cause.text);
  return json_is_object(*object) ? ALF_OK
                                 : alf_fail(err, ALF_EFORMAT, "%.300s: expected a witness, a JSON object", path);
}

alf_status alf_cli_witness_read(alf_cli_witness *w, const char *path, const char *rules, alf_error *err)
{
  json_t *object = NULL;
  *w = (alf_cli_witness){0};
  alf_status status = load(path, &object, err);
  reading r = {path, rules, object, err};
  if (status == ALF_OK)
    status = read_names(&r, w);
  if (status == ALF_OK)
    status = read_sizes(&r, &w->trial);
  if (status == ALF_OK)
    status = read_units(&r, "shift", json_object_get(object, "shift"), w->trial.experts, w->trial.shift);
  if (status == ALF_OK)
    status = read_rows(&r, &w->trial);
  if (status == ALF_OK)
    status = read_outcome(&r, w);
  json_decref(object);
  return status;
}
