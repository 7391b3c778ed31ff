/* The parts of alflab iterate. */
#ifndef ALF_CLI_ITERATE_H
#define ALF_CLI_ITERATE_H

#include "alf/cycle.h"
#include "alf/new_file.h"
#include "alf/npy.h"
#include "cli/choice.h"
#include "cli/input.h"
#include "cli/measure.h"

/* All that is said about one iterate, under one name each (alf_cli_iterate_measures); NAN is not known. */
typedef struct alf_cli_look {
  double objective, dual_value, optimum, gap, regret;
  int64_t max_load, min_load, dead_experts;
  double max_violation, mean_max_violation, max_abs_violation, mean_max_abs_violation, signed_violation;
  double load_variation, load_entropy, shift_range, shift_mean;
  int64_t swaps, switched_tokens;
  double mean_swaps;
} alf_cli_look;

/* One measure: the column of the CSV, the key of the JSON and the row of the text. */
typedef struct alf_cli_iterate_measure {
  const char *name;
  size_t field;        /* offset in alf_cli_look */
  bool whole;          /* int64_t, not double */
  const char *unknown; /* what the text says instead of NAN where only the last iterate was looked at */
} alf_cli_iterate_measure;

/* Ends with a NULL name. */
extern const alf_cli_iterate_measure alf_cli_iterate_measures[];

int64_t alf_cli_look_whole(const alf_cli_look *look, const alf_cli_iterate_measure *measure);
double alf_cli_look_real(const alf_cli_look *look, const alf_cli_iterate_measure *measure);

/* The certified optima: of the current batch, and of all batches of a stream that is read more than once. */
typedef struct alf_cli_optima {
  alf_cli_optimum current;
  alf_cli_optimum *kept; /* `batches` of them; NULL: none are kept */
  bool given_up;         /* a solve has failed, and said so */
  double seconds;        /* of solves and certificates */
} alf_cli_optima;

typedef struct alf_cli_iterate_files {
  alf_new_file csv;
  alf_npy_rows loads, shifts; /* iterates × E */
  double *row;                /* E */
} alf_cli_iterate_files;

typedef struct alf_cli_iterate {
  const alf_cli_options *options;
  alf_cell cell; /* rule, schedule, u */
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  alf_format format;
  alf_cli_cell_text name;
  alf_dtype dtype; /* of the run */
  alf_source *source;
  int64_t batches;
  bool repeated;         /* one batch again and again, not a stream */
  bool every;            /* every iterate is looked at, not only the last */
  alf_affinity batch[2]; /* batch[n % 2] is routed in iterate n of a stream */
  alf_iterate *iterate;
  alf_cycle *cycle; /* NULL where the next state is not a function of the last */
  alf_cli_iterate_files files;
  int64_t steps;
  double seconds;          /* in alf_iterate_step alone */
  int64_t last_off_target; /* the last iterate with a load off target; −1: none */
  alf_cli_sums sums;
  alf_cli_optima optima;
  alf_cli_look look; /* at the current iterate; when not every one is looked at, only in the end */
} alf_cli_iterate;

/* Checks the options, opens INPUT, routes its first batch. Errors: those of the library; ALF_EINVAL. */
alf_status alf_cli_iterate_start(alf_cli_iterate *run, const alf_cli_options *options, alf_error *err);

/* All updates, until Ctrl-C; then what is said in the end is known. Errors: those of alf_iterate_step and of the source. */
alf_status alf_cli_iterate_run(alf_cli_iterate *run, alf_error *err);

/* Safe on what alf_cli_iterate_start left behind, whatever it returned. */
void alf_cli_iterate_free(alf_cli_iterate *run);

static inline int64_t alf_cli_iterate_slots(const alf_step *step)
{
  return step->topk * step->batch_after->tokens;
}

/* Takes the current iterate into the sums over steps. O(E). */
void alf_cli_iterate_note(alf_cli_iterate *run);

/* Measures the current iterate, and takes it into the regret where every one is looked at. Passes over the batch. */
void alf_cli_iterate_look(alf_cli_iterate *run);

/* Memory for optima that will be asked for again. Errors: ALF_ENOMEM. */
alf_status alf_cli_optima_start(alf_cli_iterate *run, alf_error *err);

/* Makes run->optima.current the optimum of a batch, which is number `index` of the source. It is a by-product: where it
   cannot be had it is not known, and the first time stderr says why. */
void alf_cli_optima_find(alf_cli_iterate *run, const alf_affinity *batch, int64_t index);

/* The files that were asked for: opened, given one more iterate, put in their places, dropped. Errors: those of
   alf_new_file_open and alf_new_file_commit, ALF_ENOMEM. */
alf_status alf_cli_iterate_files_open(alf_cli_iterate *run, alf_error *err);
void alf_cli_iterate_files_add(alf_cli_iterate *run);
alf_status alf_cli_iterate_files_commit(alf_cli_iterate *run, alf_error *err);
void alf_cli_iterate_files_free(alf_cli_iterate_files *files);

/* What the run ends with, as text or as JSON. Errors: ALF_ENOMEM. */
alf_status alf_cli_iterate_report(const alf_cli_iterate *run, alf_error *err);

#endif
