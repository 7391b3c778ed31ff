#include "run/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/text.h"
#include "run/check.h"

alf_status alf_base_path(const char *base, const char *name, char path[ALF_PATH], alf_error *err)
{
  const char *before = name[0] == '/' ? "" : base;
  if (snprintf(path, ALF_PATH, "%s%s", before, name) < ALF_PATH)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "%.100s…: expected a path of at most %d characters", name, ALF_PATH - 1);
}

static bool is_family(const char *text)
{
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(text, ":"), text);
  return alf_family_find(name) != NULL;
}

alf_status alf_base_input(const char *base, const char *text, char input[ALF_PATH], alf_error *err)
{
  return alf_base_path(is_family(text) ? "" : base, text, input, err);
}

alf_status alf_base_source(alf_source **source, const char *text, const char *base, uint64_t seed, alf_error *err)
{
  char path[ALF_PATH];
  *source = NULL;
  alf_status status = alf_base_input(base, text, path, err);
  return status == ALF_OK ? alf_source_open(source, path, seed, err) : status;
}

alf_status alf_base_rule(const char *text, const char *base, const alf_rule **rule, double *values, alf_error *err)
{
  char path[ALF_PATH];
  *rule = NULL;
  alf_status status = alf_base_path(alf_rule_is_file(text) ? base : "", text, path, err);
  if (status == ALF_OK && strlen(path) >= ALF_CHOICE_TEXT)
    status = alf_fail(err, ALF_EINVAL, "%.100s…: expected at most %d characters", path, ALF_CHOICE_TEXT - 1);
  return status == ALF_OK ? alf_rule_read(path, rule, values, err) : status;
}

alf_status alf_read_format(const char *text, alf_format *format, alf_error *err)
{
  return alf_format_read(strcmp(text, "none") ? text : "", format, err);
}

alf_status alf_parts_read(alf_parts *parts, const alf_experiment_cell *cell, alf_error *err)
{
  const char *format = alf_setting_text(cell, "format");
  *parts = (alf_parts){0};
  alf_status status = alf_base_rule(alf_setting_text(cell, "rule"), cell->base, &parts->rule, parts->rule_value, err);
  if (status == ALF_OK)
    status = alf_schedule_read(alf_setting_text(cell, "schedule"), &parts->schedule, parts->schedule_value, err);
  return status == ALF_OK ? alf_read_format(format, &parts->format, err) : status;
}

alf_status alf_cell_source(alf_source **source, const alf_experiment_cell *cell, alf_error *err)
{
  return alf_base_source(source, alf_setting_text(cell, "source"), cell->base, cell->seed, err);
}

alf_status alf_cell_check_topk(const alf_experiment_cell *cell, alf_error *err)
{
  alf_source *source = NULL;
  int64_t topk = alf_setting_whole(cell, "topk");
  alf_status status = alf_cell_source(&source, cell, err);
  if (status == ALF_OK && topk >= alf_source_describe(source)->experts)
    status = alf_fail(err, ALF_EINVAL, "topk = %lld: expected 1..%d for %d experts", (long long)topk,
                      alf_source_describe(source)->experts - 1, alf_source_describe(source)->experts);
  alf_source_close(source);
  return status;
}

/* Takes text and digest over. */
static alf_status keep(alf_memory *memory, const char *text, const char *digest, alf_key_value *value, alf_error *err)
{
  value->value = alf_value_text(alf_memory_text(memory, text));
  value->digest = alf_memory_text(memory, digest);
  return alf_memory_check(memory, err);
}

/* An error of a part, with the key that names it. */
static alf_status name_key(const alf_key *key, const alf_error *cause, alf_error *err)
{
  return alf_fail(err, cause->code, "%s: %.450s", key->name, cause->text);
}

/* Cuts off what stands behind the file or folder: ":KEY", "@BATCH". */
static void cut_path(const char *kind, char *path)
{
  struct stat about;
  char *end = strstr(path, ".npz:");
  for (char *later = end; later; later = strstr(later + 1, ".npz:"))
    end = later;
  if (!strcmp(kind, "npz") && end)
    end[4] = '\0';
  else if (stat(path, &about) != 0 && (end = strrchr(path, '@')) != NULL)
    *end = '\0';
}

/* Whether the family was given a seed of its own. */
static alf_status names_seed(const char *text, const alf_source *opened, bool *named, alf_error *err)
{
  alf_source *other = NULL;
  const alf_family_call *first, *second;
  alf_source_family(opened, &first);
  alf_status status = alf_source_open(&other, text, ~first->seed, err);
  if (status != ALF_OK)
    return status;
  alf_source_family(other, &second);
  *named = first->seed == second->seed;
  alf_source_close(other);
  return ALF_OK;
}

static alf_status digest_source(const alf_source *source, const char *word, const char *base,
                                char digest[ALF_DIGEST_TEXT], alf_error *err)
{
  char path[ALF_PATH];
  alf_status status = alf_base_path(base, word, path, err);
  if (status != ALF_OK)
    return status;
  cut_path(alf_source_describe(source)->kind, path);
  return alf_digest_file(path, digest, err);
}

static alf_status look_at_source(const alf_source *source, const char *word, const char *base, alf_memory *memory,
                                 alf_key_value *value, alf_error *err)
{
  const alf_family_call *call;
  char digest[ALF_DIGEST_TEXT] = "";
  bool family = alf_source_family(source, &call) != NULL;
  value->fixed = !family;
  alf_status status =
      family ? names_seed(word, source, &value->fixed, err) : digest_source(source, word, base, digest, err);
  return status == ALF_OK ? keep(memory, word, digest, value, err) : status;
}

alf_status alf_check_source(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                            alf_key_value *value, alf_error *err)
{
  alf_source *source = NULL;
  alf_error cause = {0};
  alf_status status = alf_base_source(&source, word, base, 0, &cause);
  if (status == ALF_OK)
    status = look_at_source(source, word, base, memory, value, &cause);
  alf_source_close(source);
  return status == ALF_OK ? ALF_OK : name_key(key, &cause, err);
}

/* Rules or schedules by name, in a message. */
static alf_status refuse_name(const alf_key *key, const alf_error *cause, bool known, bool rules, alf_error *err)
{
  char names[300] = "";
  if (known || cause->code != ALF_EINVAL)
    return name_key(key, cause, err);
  for (int i = 0; rules && alf_rules[i]; i++)
    alf_list_append(names, sizeof names, alf_rules[i]->name);
  for (int i = 0; !rules && alf_schedules[i]; i++)
    alf_list_append(names, sizeof names, alf_schedules[i]->name);
  return alf_fail(err, ALF_EINVAL, "%s: %.120s; expected %s", key->name, cause->text, names);
}

/* A rule in a file keeps its name as it was given, and stands for what is in the file. */
alf_status alf_check_rule(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                          alf_key_value *value, alf_error *err)
{
  const alf_rule *rule;
  double values[ALF_MAX_PARAMETERS];
  alf_error cause = {0};
  char text[ALF_CHOICE_TEXT], name[ALF_CHOICE_TEXT], path[ALF_PATH], digest[ALF_DIGEST_TEXT] = "";
  if (alf_base_rule(word, base, &rule, values, &cause) != ALF_OK)
    return refuse_name(key, &cause, rule != NULL, true, err);
  alf_choice_print(rule->name, rule->parameters, values, text);
  if (!alf_rule_is_file(word))
    return keep(memory, text, digest, value, err);
  alf_choice_name(word, name);
  alf_status status = alf_base_path(base, name, path, err);
  if (status == ALF_OK)
    status = alf_digest_file(path, digest, err);
  return status == ALF_OK ? keep(memory, word, digest, value, err) : status;
}

alf_status alf_check_schedule(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                              alf_error *err)
{
  const alf_schedule *schedule;
  double values[ALF_MAX_PARAMETERS];
  alf_error cause = {0};
  char text[ALF_CHOICE_TEXT];
  if (alf_schedule_read(word, &schedule, values, &cause) != ALF_OK)
    return refuse_name(key, &cause, schedule != NULL, false, err);
  alf_choice_print(schedule->name, schedule->parameters, values, text);
  return keep(memory, text, "", value, err);
}

alf_status alf_check_format(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                            alf_error *err)
{
  alf_format format;
  alf_error cause = {0};
  char text[ALF_CHOICE_TEXT];
  if (alf_read_format(word, &format, &cause) != ALF_OK)
    return name_key(key, &cause, err);
  alf_format_print(&format, text);
  return keep(memory, *text ? text : "none", "", value, err);
}

alf_status alf_check_file(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                          alf_key_value *value, alf_error *err)
{
  char path[ALF_PATH], digest[ALF_DIGEST_TEXT];
  alf_error cause = {0};
  alf_status status = alf_base_path(base, word, path, &cause);
  if (status == ALF_OK)
    status = alf_digest_file(path, digest, &cause);
  return status == ALF_OK ? keep(memory, word, digest, value, err) : name_key(key, &cause, err);
}
