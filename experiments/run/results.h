/* What a store has of an experiment, in memory. */
#ifndef ALF_RUN_RESULTS_H
#define ALF_RUN_RESULTS_H

#include "run/store.h"

/* One cell. Texts belong to the results. */
typedef struct alf_result {
  int64_t id;      /* of the row; 0: none */
  const char *key; /* what the cell is, whatever the code: the same in every store */
  alf_cell_state state;
  const char *message; /* why it failed; "" */
  int64_t repetition, seed;
  int settings, metrics;
  const alf_named *setting, *metric; /* in the order of the kind's keys, and of its metrics */
  const char *started, *commit;      /* of the last try; "" where there was none */
  double seconds;
} alf_result;

/* Zero-initialise; alf_results_free copes with any state. */
typedef struct alf_results {
  alf_memory memory;
  const char *digest, *name, *title, *kind, *code, *config; /* of the experiment; config: the text of the .ini */
  int64_t cells;
  alf_result *cell; /* in the order of the plan */
} alf_results;

/* What the store has of the cells of a plan, whichever config they were run for; NULL: nothing, they all wait. The plan
   outlives the results. Errors: ALF_EIO, ALF_EFORMAT, ALF_ENOMEM. */
alf_status alf_results_of_plan(alf_results *results, const alf_store *store, const alf_plan *plan, alf_error *err);

/* An experiment that was entered, by its digest. Errors: ALF_EEND when the store has none; ALF_EIO, ALF_EFORMAT, ALF_ENOMEM. */
alf_status alf_results_read(alf_results *results, const alf_store *store, const char *digest, alf_error *err);
void alf_results_free(alf_results *results);

/* Whether two cells of one kind differ at most in their repetition. */
bool alf_result_same_settings(const alf_result *a, const alf_result *b);

/* A setting or a metric by its name; one of type ALF_UNKNOWN where there is none. */
alf_value alf_result_value(const alf_result *result, const char *name);

/* The same as a number: NAN for a text and for what is not known. */
double alf_result_real(const alf_result *result, const char *name);

/* One experiment of a store. */
typedef struct alf_store_entry {
  const char *digest, *name, *title, *kind, *code;
  int64_t cells, done;
} alf_store_entry;

/* Zero-initialise. */
typedef struct alf_store_entries {
  alf_memory memory;
  int64_t count;
  alf_store_entry *entry; /* in the order in which they were first run */
} alf_store_entries;

/* Errors: as alf_results_read. */
alf_status alf_store_list(alf_store_entries *entries, const alf_store *store, alf_error *err);
void alf_store_entries_free(alf_store_entries *entries);

/* A series of a cell. Zero-initialise. */
typedef struct alf_series {
  alf_memory memory;
  int columns;
  const char **column; /* their names */
  int64_t rows;
  int64_t *step; /* rows, ascending */
  double *value; /* rows × columns; NAN: not known */
} alf_series;

/* Without rows when the cell has no series of that name. Errors: as alf_results_read. */
alf_status alf_series_read(alf_series *series, const alf_store *store, const alf_result *result, const char *name,
                           alf_error *err);
void alf_series_free(alf_series *series);

#endif
