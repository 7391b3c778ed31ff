/* The values of a key: lists and ranges, each value checked and put into its canonical form. */
#ifndef ALF_RUN_VALUES_H
#define ALF_RUN_VALUES_H

#include "core/memory.h"
#include "run/digest.h"
#include "run/experiment.h"

#define ALF_MOST_VALUES 10000

/* One value of a key. */
typedef struct alf_key_value {
  alf_value value;
  bool fixed;         /* a source that no seed changes: a file, or a family that names its own */
  const char *digest; /* of the file behind it, whose contents it stands for; "" where there is none */
} alf_key_value;

typedef struct alf_key_values {
  const alf_key *key;
  int64_t count, room;
  alf_key_value *value; /* owned; texts are in the memory given to alf_values_add */
} alf_key_values;

/* Adds the values that `text` lists. '|' separates them, and where a value has no commas of its own but in brackets
   (numbers, rules, schedules, solvers, choices) ',' does, too. Numbers have ranges, "1e-4..10 *10" and "0..8 +2", both
   ends included, to 15 digits; the rule "all" stands for every one of the table. Names of files are relative to `base`.
   Errors: ALF_EINVAL naming the value and what was expected, also for a value that is there already; those of sources,
   rules and files; ALF_ENOMEM. */
alf_status alf_values_add(alf_key_values *values, const char *text, const char *base, alf_memory *memory,
                          alf_error *err);

/* Room for the text of a value. */
#define ALF_VALUE_TEXT 1024

/* A value as a text that reads back as the same: numbers with 15 to 17 digits. */
void alf_value_print(const alf_value *value, char text[ALF_VALUE_TEXT]);

#endif
