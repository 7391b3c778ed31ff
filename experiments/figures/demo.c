#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* The configs of the figure, in the order of its results. */
enum { RUNS, CYCLES, PRICES };

static double target_of(const alf_result *cell)
{
  return alf_result_real(cell, "topk") * alf_result_real(cell, "tokens") / alf_result_real(cell, "experts");
}

/* What the Lagrangian rises above 1 of (C2): nothing where every load is on target, and nothing moves. */
static alf_status put_benefit(FILE *csv, const alf_figure_data *data, int64_t c, const char *name, alf_error *err)
{
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, &data->results[RUNS].cell[c], "updates", err);
  for (int64_t row = 0; row < s.rows; row++)
    alf_figure_point(csv, "benefit", name, (double)s.step[row],
                     alf_figure_at(&s, row, "benefit") / alf_figure_at(&s, row, "squared_excess"));
  alf_series_free(&s);
  return status;
}

/* Two columns of the updates of a cell. */
static alf_status put_run(FILE *csv, const alf_figure_data *data, int64_t c, const char *const column[2],
                          bool with_benefit, alf_error *err)
{
  const alf_result *cell = &data->results[RUNS].cell[c];
  char name[3 * ALF_FIGURE_WORD], u[ALF_FIGURE_WORD];
  alf_status status = ALF_OK;
  alf_figure_word(cell, "u", u);
  snprintf(name, sizeof name, "%s %s u=%s", alf_figure_text(cell, "rule"), alf_figure_text(cell, "schedule"), u);
  for (int i = 0; status == ALF_OK && i < 2; i++)
    status = alf_figure_curve(csv, data, c, "updates", column[i], column[i], name, err);
  return status == ALF_OK && with_benefit ? put_benefit(csv, data, c, name, err) : status;
}

/* C4 with q = 1. */
static void put_band(FILE *csv, const alf_result *cell)
{
  double target = target_of(cell), band = alf_result_real(cell, "band_at_q_1");
  alf_figure_point(csv, "load_band", "low", 0, fmax(0, target - band));
  alf_figure_point(csv, "load_band", "target", 0, target);
  alf_figure_point(csv, "load_band", "high", 0, target + band);
  alf_figure_point(csv, "limit", "farthest", 0, alf_result_real(cell, "tokens") - target);
}

/* The router that was balanced comes first in the config. Its cells of one update are there for the band of C4 alone. */
static alf_status put_runs(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  static const char *const distance[] = {"gap", "max_violation", "benefit", NULL}, *const loads[] = {"max_load",
                                                                                                     "min_load", NULL};
  const alf_results *runs = &data->results[RUNS];
  const char *balanced = alf_figure_text(&runs->cell[0], "source");
  alf_status status = ALF_OK;
  put_band(csv, &runs->cell[0]);
  for (int64_t c = 0; status == ALF_OK && c < runs->cells; c++) {
    const alf_result *cell = &runs->cell[c];
    bool is_balanced = !strcmp(alf_figure_text(cell, "source"), balanced);
    if (alf_result_real(cell, "steps") == 1)
      alf_figure_point(csv, "limit", "band", alf_result_real(cell, "u"), alf_result_real(cell, "band"));
    else
      status = put_run(csv, data, c, is_balanced ? loads : distance, !is_balanced, err);
  }
  return status;
}

static void put_cycles(FILE *csv, const alf_figure_data *data)
{
  const alf_results *cycles = &data->results[CYCLES];
  for (int64_t c = 0; c < cycles->cells; c++) {
    const alf_result *cell = &cycles->cell[c];
    double target = target_of(cell);
    double above = alf_result_real(cell, "cycle_max_load") - target;
    double below = target - alf_result_real(cell, "cycle_min_load");
    alf_figure_point(csv, "limit", "reached", alf_result_real(cell, "u"), above > below ? above : below);
  }
}

/* Learned shifts over the centre of all optimal prices, layer by layer. */
static alf_status put_prices(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  const alf_result *cell = &data->results[PRICES].cell[0];
  int64_t experts = (int64_t)alf_result_real(cell, "experts");
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, cell, "experts", err);
  for (int64_t row = 0; row < s.rows; row++) {
    char layer[40];
    snprintf(layer, sizeof layer, "layer %lld", (long long)(row / experts));
    alf_figure_point(csv, "price", layer, alf_figure_at(&s, row, "price"), alf_figure_at(&s, row, "shift"));
  }
  alf_series_free(&s);
  return status;
}

alf_status alf_figure_write_demo(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_figure_header(csv);
  alf_status status = put_runs(csv, data, err);
  put_cycles(csv, data);
  return status == ALF_OK ? put_prices(csv, data, err) : status;
}
