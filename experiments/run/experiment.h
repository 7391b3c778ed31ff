/* Kinds of experiments: what one cell of a config does. A kind is one file in experiments/run/kinds and one line in
   experiments/run/registry.c; configs, runner, store and export know nothing else of it.

     config.h   an .ini: the kind, and values for the kind's keys
     plan.h     the cells: the product of all values, each with a seed and a key
     runner.h   cells that the store does not have yet are run, each in a process of its own
     store.h    what they came to; how to read it is written there */
#ifndef ALF_RUN_EXPERIMENT_H
#define ALF_RUN_EXPERIMENT_H

#include "run/outcome.h"

typedef enum alf_key_type {
  ALF_KEY_REAL,     /* a number, or one of the words in `choices` */
  ALF_KEY_WHOLE,    /* the same for whole numbers */
  ALF_KEY_CHOICE,   /* one of `choices` */
  ALF_KEY_SOURCE,   /* a source: alf_source_open */
  ALF_KEY_RULE,     /* NAME[KEY=VALUE,…] */
  ALF_KEY_SCHEDULE, /* the same */
  ALF_KEY_FORMAT,   /* KEY=VALUE,… or "none" */
  ALF_KEY_SOLVER,   /* a name */
  ALF_KEY_CLAIMS,   /* ID,… or "all": several are one value */
  ALF_KEY_FILE,     /* the name of a file */
  ALF_KEY_TEXT      /* anything, checked by the kind */
} alf_key_type;

/* One key of a config. Every key may have several values: it is then an axis. */
typedef struct alf_key {
  const char *name;
  alf_key_type type;
  const char *fallback;       /* its value where a config has none; NULL: it must have one */
  double minimum, maximum;    /* inclusive; numbers only */
  const char *const *choices; /* NULL-terminated; NULL: none */
  const char *help;
  const char *unit; /* ALF_KEY_REAL: "2/mu" is a value as well, of the unit "mu"; NULL: none */
} alf_key;

/* What a cell is told. */
typedef struct alf_experiment_cell {
  const alf_named *setting; /* the value of every key of its kind, in the order of the keys */
  int settings;
  int64_t repetition;
  uint64_t seed;      /* below 2^52; of root seed, source and repetition alone: all rules see the same batches */
  int threads;        /* no result depends on it */
  const char *base;   /* the folder that names of files are relative to; "" or ending in '/' */
  const char *folder; /* where the cell may leave files that a later try goes on from, or NULL; made by the cell,
                         removed by the runner once the cell is done */
} alf_experiment_cell;

typedef struct alf_experiment {
  const char *name, *summary; /* one line */
  /* Sources that results depend on, separated by blanks: entries of the table that CMake makes (code.h). A change in any
     of them makes cells that were run before stale. */
  const char *code;
  const alf_key *keys; /* ends with a NULL name; the first one is the outermost axis */
  /* Whether values fit together; may be NULL. Called for every cell before any is run. */
  alf_status (*check)(const alf_experiment_cell *cell, alf_error *err);
  /* Runs a cell, in a process of its own that may be killed at any time. It puts the same metrics, in the same order,
     into the outcome of every cell as far as it can; errors are recorded with their text. */
  alf_status (*run)(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err);
} alf_experiment;

/* Null-terminated table. */
extern const alf_experiment *const alf_experiments[];

/* NULL when there is none of that name. */
const alf_experiment *alf_experiment_find(const char *name);

/* The value of a key; an empty text where the kind has no such key. */
alf_value alf_setting(const alf_experiment_cell *cell, const char *name);

/* The same as text, "" for a number; as a number, NAN for a word; as a whole number, −1 for a word. */
const char *alf_setting_text(const alf_experiment_cell *cell, const char *name);
double alf_setting_real(const alf_experiment_cell *cell, const char *name);
int64_t alf_setting_whole(const alf_experiment_cell *cell, const char *name);

/* Whether the value is that word. */
bool alf_setting_is(const alf_experiment_cell *cell, const char *name, const char *word);

#endif
