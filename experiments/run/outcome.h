/* What a cell comes to: named metrics, and series of rows. One block of bytes, so that it can pass from one process to
   another as it is. */
#ifndef ALF_RUN_OUTCOME_H
#define ALF_RUN_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"

typedef enum alf_value_type { ALF_UNKNOWN, ALF_REAL, ALF_WHOLE, ALF_TEXT } alf_value_type;

/* A number or a text. A NaN is ALF_UNKNOWN. */
typedef struct alf_value {
  alf_value_type type;
  double real; /* of ALF_WHOLE, too; else NAN */
  int64_t whole;
  const char *text; /* ALF_TEXT; else NULL */
} alf_value;

typedef struct alf_named {
  const char *name;
  alf_value value;
} alf_named;

alf_value alf_value_real(double real);
alf_value alf_value_whole(int64_t whole);
alf_value alf_value_text(const char *text);

/* The same value of the same type; NAN equals itself. */
bool alf_value_same(const alf_value *a, const alf_value *b);

/* Zero-initialise; alf_outcome_free copes with any state. */
typedef struct alf_outcome {
  char *bytes;
  int64_t length, room;
  bool failed; /* memory ran out: what came after is missing */
} alf_outcome;

/* One more metric; each name once, and none that a key has. Seconds have names that end in "seconds": they differ from run
   to run, and are exported only where times are asked for. Whoever fills an outcome need not look whether memory was had: the reader does. */
void alf_outcome_real(alf_outcome *outcome, const char *name, double value);
void alf_outcome_whole(alf_outcome *outcome, const char *name, int64_t value);
void alf_outcome_text(alf_outcome *outcome, const char *name, const char *text);

/* Begins a series with such columns beside the step ("gap,max_load"; no blanks), and adds one row to the series begun
   last: a value for each column, NAN for not known. Of two rows of one step the later counts. */
void alf_outcome_series(alf_outcome *outcome, const char *name, const char *columns);
void alf_outcome_row(alf_outcome *outcome, int64_t step, const double *value, int columns);

typedef enum alf_item_type { ALF_ITEM_METRIC, ALF_ITEM_SERIES, ALF_ITEM_ROW } alf_item_type;

/* One piece of an outcome; points into it. */
typedef struct alf_item {
  alf_item_type type;
  alf_named metric;
  const char *series, *columns; /* ALF_ITEM_SERIES */
  int64_t step;                 /* ALF_ITEM_ROW: */
  int64_t values;
  const double *value;
} alf_item;

/* Reads the item at *offset, which starts at 0 and moves on. False at the end. */
bool alf_outcome_next(const alf_outcome *outcome, int64_t *offset, alf_item *item);

/* Whether a metric or a column of that name is a time. */
bool alf_is_time(const char *name);

void alf_outcome_free(alf_outcome *outcome);

#endif
