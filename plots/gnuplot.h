/* Figures: each is one gnuplot script here, NAME.gp, which draws one CSV file. */
#ifndef ALF_PLOT_GNUPLOT_H
#define ALF_PLOT_GNUPLOT_H

#include "alf/status.h"

typedef enum alf_plot_format { ALF_PLOT_SVG, ALF_PLOT_PNG } alf_plot_format;

/* ALF_OK when gnuplot can be started; else ALF_EPROGRAM saying what to install, or ALF_ENOMEM. */
alf_status alf_plot_check(alf_error *err);

/* Draws the figure `name` from the file `csv` into the file `out`, which appears whole or not at all. The scripts are
   those that come with the program, or of the folder that the environment names in ALFLAB_PLOTS. A script
   gets csv, out and folder (its own) as strings and format as "svg" or "png". Whatever gnuplot writes to stderr is a
   failure. Errors: ALF_EPROGRAM with gnuplot's first line, or that there is no gnuplot; ALF_EIO naming a file that
   cannot be read or put in place, or saying that there are no scripts; ALF_ENOMEM. */
alf_status alf_plot_draw(const char *name, const char *csv, const char *out, alf_plot_format format, alf_error *err);

#endif
