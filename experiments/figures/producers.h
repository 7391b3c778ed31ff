/* What writes the CSV of each figure, for the table in registry.c; one file each. */
#ifndef ALF_FIGURE_PRODUCERS_H
#define ALF_FIGURE_PRODUCERS_H

#include "figures/figure.h"

alf_status alf_figure_write_balance(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_band(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_benefit(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_cost(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_cycles(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_demo(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_drift(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_gap(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_modulus(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_preference(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_prices(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_regret(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_router(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_rules(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_solvers(FILE *csv, const alf_figure_data *data, alf_error *err);
alf_status alf_figure_write_training(FILE *csv, const alf_figure_data *data, alf_error *err);

#endif
