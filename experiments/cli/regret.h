/* The pieces of alflab regret: which cells run, and how the results are shown. */
#ifndef ALF_CLI_REGRET_H
#define ALF_CLI_REGRET_H

#include <jansson.h>

#include "cli/options.h"
#include "cli/progress.h"
#include "measure/regret_row.h"

/* Rules × schedules × step sizes × widths. Zero-initialise. */
typedef struct alf_cli_regret_cells {
  int count;
  alf_regret_cell *cell;
  double (*values)[ALF_MAX_PARAMETERS]; /* of rules and schedules */
} alf_cli_regret_cells;

/* Reads --rule, --schedule, --step-size and --width. Errors: ALF_EINVAL naming option and value, also for a multiple of
   1/mu where mu is not known; ALF_ENOMEM. */
alf_status alf_cli_regret_cells_read(alf_cli_regret_cells *cells, const alf_cli_options *options,
                                     const alf_regret_target *target, alf_error *err);
void alf_cli_regret_cells_free(alf_cli_regret_cells *cells);

/* From the command line to everything that is reported. */
typedef struct alf_cli_regret_run {
  const alf_cli_options *options; /* topk, steps, repetitions, rule, schedule, step_sizes, widths, hindsight … */
  const char *input;
  bool repeated; /* a file with one batch */
  alf_regret_target target;
  alf_cli_regret_cells cells;
  alf_regret_settings settings; /* from the options; may be changed between prepare and do */
  alf_regret regret;
  alf_regret_row *row;           /* one a cell */
  alf_hindsight_bound hindsight; /* where regret has hindsight */
  alf_cli_progress progress;
} alf_cli_regret_run;

/* Finds p* and reads the cells. The run is to be freed whatever this returns; options and input outlive it. Errors: those
   of alf_regret_target_find and alf_cli_regret_cells_read. */
alf_status alf_cli_regret_prepare(alf_cli_regret_run *run, const alf_cli_options *options, const char *input,
                                  alf_error *err);

/* Runs, fits and judges. Errors: those of alf_regret_run, alf_growth_fit and alf_regret_judge. */
alf_status alf_cli_regret_do(alf_cli_regret_run *run, alf_error *err);

void alf_cli_regret_free(alf_cli_regret_run *run);

void alf_cli_regret_print(const alf_cli_regret_run *run);
json_t *alf_cli_regret_json(const alf_cli_regret_run *run);

/* Writes the curves. Errors: ALF_EIO, ALF_ENOMEM. */
alf_status alf_cli_regret_csv(const alf_cli_regret_run *run, const char *path, alf_error *err);

#endif
