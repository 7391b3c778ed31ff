/* How a figure is made, drawn and checked. */
#ifndef ALF_FIGURE_FRAME_H
#define ALF_FIGURE_FRAME_H

#include "cli/options.h"
#include "figures/figure.h"

#define ALF_FIGURE_PATH 4096

/* FOLDER/NAME.EXTENSION. Errors: ALF_EINVAL when it is too long. */
alf_status alf_figure_path(const char *folder, const char *name, const char *extension, char path[ALF_FIGURE_PATH],
                           alf_error *err);

/* The configs of a figure: its own, then those in `more`; NULL behind the last one. */
const char *alf_figure_config(const alf_figure *figure, int i);

/* Where a config is that comes with the program (ALFLAB_CONFIGS names another folder). Errors: ALF_EIO where there is
   no such folder. */
alf_status alf_figure_config_path(const char *config, char path[ALF_FIGURE_PATH], alf_error *err);

/* Writes the lines behind the rows: command, commit, configs. Errors: ALF_EIO. */
alf_status alf_figure_sign(FILE *csv, const alf_figure *figure, bool quick, alf_error *err);

/* Whether the configs can be read and planned: what would make alf_figure_make fail before it runs anything. Errors: those of
   the configs. */
alf_status alf_figure_check_configs(const alf_figure *figure, const alf_cli_options *options, alf_error *err);

/* Runs the cells that the store does not have yet, writes NAME.csv into the folder and draws it. Errors: those of the config,
   the store and the cells; ALF_ESOLVER when a cell has failed; ALF_EINTERRUPTED; those of alf_figure_draw. */
alf_status alf_figure_make(const alf_figure *figure, const alf_cli_options *options, const char *folder,
                           alf_error *err);

/* Draws NAME.csv of the folder again. Errors: those of alf_figure_draw. */
alf_status alf_figure_redraw(const alf_figure *figure, const char *folder, alf_error *err);

/* Draws a CSV, and puts what is behind its rows into the SVG. Errors: those of alf_plot_draw; ALF_EIO, ALF_ENOMEM. */
alf_status alf_figure_draw(const alf_figure *figure, const char *csv, const char *svg, alf_error *err);

typedef enum alf_figure_state {
  ALF_FIGURE_SAME,
  ALF_FIGURE_DIFFERS,
  ALF_FIGURE_UNDECIDED /* another gnuplot drew it */
} alf_figure_state;

/* What became of a figure that was there. */
typedef struct alf_figure_verdict {
  alf_figure_state state;
  char reason[400]; /* "" for ALF_FIGURE_SAME */
} alf_figure_verdict;

/* Draws NAME.csv of the folder again and compares it with NAME.svg, byte by byte, and the config in the CSV with the one
   that there is now. Nothing is changed. Errors: those of alf_figure_draw, ALF_EIO for files that are not there. */
alf_status alf_figure_check(const alf_figure *figure, const char *folder, alf_figure_verdict *verdict, alf_error *err);

#endif
