/* Results of cells, in an SQLite file.

   To read what a config came to, in the order of its cells:

     alf_config config; alf_plan plan; alf_store *store; alf_results results;
     alf_config_read(&config, "x.ini", NULL, err);  alf_plan_make(&plan, &config, err);
     alf_store_open(&store, "alflab.sqlite", ALF_STORE_READ, err);
     alf_results_of_plan(&results, store, &plan, err);        (results.h)
     for (int64_t c = 0; c < results.cells; c++)
       if (results.cell[c].state == ALF_CELL_DONE)
         … alf_result_real(&results.cell[c], "u"), alf_result_real(&results.cell[c], "gap") …

   and without the config: alf_store_list names the experiments that were run, alf_results_read reads one of them. To
   pair two versions of the code, look for cells of the same key: it does not depend on the code. pairs.h pairs two stores. With any
   SQLite client: the views "results" (experiment, position, name, value: settings and metrics alike) and "curves"
   (experiment, position, series, name, step, value).

   The file is in write-ahead mode while a run has it open: a commit then needs no sync, a killed process loses nothing
   that was committed, an outage of power at most the last cells, which are run again, and readers need not wait. When
   the run ends it goes back to a rollback journal: the store is one file, which can be copied and read where nothing can
   be written. */
#ifndef ALF_RUN_STORE_H
#define ALF_RUN_STORE_H

#include "run/plan.h"

#define ALF_STORE_SCHEMA 1

typedef enum alf_cell_state { ALF_CELL_WAITING, ALF_CELL_DONE, ALF_CELL_FAILED, ALF_CELL_TIMEOUT } alf_cell_state;

/* "waiting", "done", "failed", "timeout". */
const char *alf_cell_state_name(alf_cell_state state);

typedef enum alf_store_mode {
  ALF_STORE_READ, /* the file must be there */
  ALF_STORE_WRITE /* it is made where it is not */
} alf_store_mode;

/* Opaque. */
typedef struct alf_store alf_store;

/* On failure *store is NULL. Errors: ALF_EIO for a file that cannot be opened or, with ALF_STORE_WRITE, written;
   ALF_EFORMAT for one that is no SQLite file, no store, or one of another schema. */
alf_status alf_store_open(alf_store **store, const char *path, alf_store_mode mode, alf_error *err);

/* Safe on NULL. */
void alf_store_close(alf_store *store);

/* Enters an experiment with all its cells, which wait if they are not known yet; once more changes nothing. Errors:
   ALF_EIO. */
alf_status alf_store_enter(alf_store *store, const alf_plan *plan, alf_error *err);

/* What is said of a try. */
typedef struct alf_attempt {
  alf_cell_state state;
  const char *message; /* why it failed; "" */
  const char *started; /* UTC, ISO 8601 */
  const char *commit;
  double seconds;
} alf_attempt;

/* Records a try of a cell that was entered, with its outcome (NULL: none), instead of what was there of it; all of it or,
   whatever happens, nothing. Errors: ALF_EIO; ALF_ENOMEM when the outcome is not whole. */
alf_status alf_store_record(alf_store *store, const alf_plan *plan, int64_t c, const alf_attempt *attempt,
                            const alf_outcome *outcome, alf_error *err);

/* For results.c and alf_store_list: the connection, an sqlite3 *, and its error as ours. */
void *alf_store_connection(const alf_store *store);
alf_status alf_store_fail(const alf_store *store, alf_error *err);

#endif
