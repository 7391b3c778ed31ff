/* The pieces of alflab regret: which cells run, and how the results are shown. */
#ifndef ALF_CLI_REGRET_H
#define ALF_CLI_REGRET_H

#include <jansson.h>

#include "alf/regret_verdict.h"
#include "cli/options.h"

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

/* What is reported of one cell. */
typedef struct alf_cli_regret_row {
  alf_growth growth;      /* of expected regret, of dynamic regret where there is no p* */
  alf_regret_bound bound; /* where there is a p* */
  alf_interval hindsight;
  alf_interval early, late; /* dynamic regret a batch: in the first tenth of the run, and in the last */
} alf_cli_regret_row;

/* Everything that is reported. */
typedef struct alf_cli_regret_result {
  const char *input;
  const alf_regret_settings *settings;
  const alf_regret *regret;
  const alf_regret_target *target;
  alf_cli_regret_row *row; /* one a cell */
} alf_cli_regret_result;

void alf_cli_regret_print(const alf_cli_regret_result *result);
json_t *alf_cli_regret_json(const alf_cli_regret_result *result);

/* Writes the curves. Errors: ALF_EIO, ALF_ENOMEM. */
alf_status alf_cli_regret_csv(const alf_cli_regret_result *result, const char *path, alf_error *err);

#endif
