/* Sources, rules, schedules, formats and files as configs name them. Names of files are relative to the folder of the
   config, `base` ("" or ending in '/'), so that a config means the same wherever the program is started. */
#ifndef ALF_RUN_PARTS_H
#define ALF_RUN_PARTS_H

#include "alf/format.h"
#include "alf/rule.h"
#include "alf/schedule.h"
#include "alf/source.h"
#include "run/values.h"

#define ALF_PATH 4096

/* The name as it is opened. Errors: ALF_EINVAL when it is too long. */
alf_status alf_base_path(const char *base, const char *name, char path[ALF_PATH], alf_error *err);

/* What a source is called when it is opened: a family as it is, files relative to `base`. Errors: ALF_EINVAL. */
alf_status alf_base_input(const char *base, const char *text, char input[ALF_PATH], alf_error *err);

/* Errors: those of alf_source_open, alf_rule_read and alf_format_read; "none" is no format. */
alf_status alf_base_source(alf_source **source, const char *text, const char *base, uint64_t seed, alf_error *err);
alf_status alf_base_rule(const char *text, const char *base, const alf_rule **rule, double *values, alf_error *err);
alf_status alf_read_format(const char *text, alf_format *format, alf_error *err);

/* Rule, schedule and format of a cell, by the keys of these names. Errors: those of the three. */
typedef struct alf_parts {
  const alf_rule *rule;
  const alf_schedule *schedule;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  alf_format format;
} alf_parts;

alf_status alf_parts_read(alf_parts *parts, const alf_experiment_cell *cell, alf_error *err);

/* Opens a cell's source, by the key of that name; the caller closes. Errors: those of alf_source_open. */
alf_status alf_cell_source(alf_source **source, const alf_experiment_cell *cell, alf_error *err);

/* A kind's check, where it has the keys source and topk: K is below E. Errors: those of alf_source_open; ALF_EINVAL. */
alf_status alf_cell_check_topk(const alf_experiment_cell *cell, alf_error *err);

/* Values of these keys, for alf_check_value. */
alf_status alf_check_source(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                            alf_key_value *value, alf_error *err);
alf_status alf_check_rule(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                          alf_key_value *value, alf_error *err);
alf_status alf_check_schedule(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                              alf_error *err);
alf_status alf_check_format(const alf_key *key, const char *word, alf_memory *memory, alf_key_value *value,
                            alf_error *err);
alf_status alf_check_file(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                          alf_key_value *value, alf_error *err);

#endif
