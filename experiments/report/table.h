/* The cells of an experiment as a table: settings that vary, a row for all repetitions of the same settings, metrics. */
#ifndef ALF_REPORT_TABLE_H
#define ALF_REPORT_TABLE_H

#include "alf/growth.h"
#include "run/results.h"

typedef struct alf_group {
  int64_t first, cells, done; /* a run of cells, of which so many are done */
} alf_group;

/* Zero-initialise; alf_table_free copes with any state. */
typedef struct alf_table {
  alf_memory memory;
  const alf_results *results; /* outlives the table */
  int64_t groups;
  alf_group *group;
  int axes;
  int *axis; /* which settings vary, ascending */
  int columns;
  const char **column; /* names of metrics, each once, in the order of the cells */
} alf_table;

/* Errors: ALF_ENOMEM. */
alf_status alf_table_make(alf_table *table, const alf_results *results, alf_error *err);
void alf_table_free(alf_table *table);

/* The setting of a group; s counts all settings. */
const alf_named *alf_table_setting(const alf_table *table, int64_t group, int s);

/* Of cell number c, which may not have that column: ALF_UNKNOWN. */
alf_value alf_table_value(const alf_table *table, int64_t c, int column);

/* The column of that name; −1: none. */
int alf_table_column(const alf_table *table, const char *name);

/* What repetitions come to. */
typedef struct alf_table_mean {
  alf_interval
      mean; /* of the repetitions that have a number there: all NAN where none has, one value alone has no interval */
  bool is_range; /* they are too few for a bootstrap: low is the smallest, high the largest */
} alf_table_mean;

/* Errors: ALF_ENOMEM. */
alf_status alf_table_find_mean(const alf_table *table, int64_t group, int column, alf_table_mean *mean, alf_error *err);

/* Whether all cells that are done have the same in that column. */
bool alf_table_is_constant(const alf_table *table, int column);

/* Whether the column is a claim's: ID_… where there is an ID_verdict. */
bool alf_table_is_claim(const alf_table *table, int column);

#endif
