#include <math.h>

#include "alf/solver.h"
#include "figures/producers.h"

static void put(FILE *csv, const alf_result *cell, const char *what, double seconds, double gap)
{
  char panel[ALF_FIGURE_WORD];
  snprintf(panel, sizeof panel, "%s %g", what, alf_result_real(cell, "tokens"));
  alf_figure_point(csv, panel, alf_figure_text(cell, "solver"), seconds, gap);
}

/* The best dual bound so far, and the routing that the solver ends with. Seconds below a microsecond are the clock's. */
static void put_progress(FILE *csv, const alf_result *cell, const alf_series *progress)
{
  double best = INFINITY, seconds = NAN;
  for (int64_t row = 0; row < progress->rows; row++) {
    best = fmin(best, alf_figure_at(progress, row, "gap_dual"));
    seconds = alf_figure_at(progress, row, "solve_seconds");
    put(csv, cell, "bound", fmax(seconds, 1e-6), best);
  }
  put(csv, cell, "routing", seconds, alf_result_real(cell, "gap_primal"));
}

/* Of each number of tokens: a curve for an approximate solver, a point for an exact one. */
alf_status alf_figure_write_solvers(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    alf_series progress;
    status = alf_series_read(&progress, data->store, cell, "progress", err);
    const alf_solver *solver = alf_solver_find(alf_figure_text(cell, "solver"));
    if (status == ALF_OK && solver && solver->approximate)
      put_progress(csv, cell, &progress);
    else if (status == ALF_OK)
      put(csv, cell, "exact", alf_result_real(cell, "solve_seconds"), alf_result_real(cell, "gap_primal"));
    alf_series_free(&progress);
  }
  return status;
}
