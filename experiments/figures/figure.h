/* The figures of alflab figures. A figure is NAME.csv, which plots/NAME.gp draws into NAME.svg. Its numbers are those of
   the cells of an experiment, configs/NAME.ini (and further ones where it says so), which the runner runs and keeps in a store: what was run once is not run
   again. To add one: the config with its section [quick], the script, one file here and one line in registry.c.

   The CSV is tidy: panel,series,x,y,low,high. Behind its rows are lines that begin with '#', of which gnuplot takes no
   notice: the commit and the config that the numbers are from. The SVG has them as <metadata>, with the SHA-256 of
   the CSV. So it is a function of the CSV alone, and can be drawn again and compared whatever has been committed since. */
#ifndef ALF_FIGURE_H
#define ALF_FIGURE_H

#include <stdio.h>

#include "alf/growth.h"
#include "run/results.h"

/* What a figure is made of. */
typedef struct alf_figure_data {
  const alf_results *results; /* of its cells, all of them done, config by config */
  const alf_store *store;     /* their series */
} alf_figure_data;

enum { ALF_FIGURE_CONFIGS = 3 };

typedef struct alf_figure {
  const char *name, *summary;
  /* Writes the CSV, header first. */
  alf_status (*write)(FILE *csv, const alf_figure_data *data, alf_error *err);
  const char *more[ALF_FIGURE_CONFIGS]; /* names of further configs beside NAME.ini; ends with NULL */
} alf_figure;

/* Ends with a NULL name. */
extern const alf_figure alf_figures[];

/* NULL when there is none of that name. */
const alf_figure *alf_figure_find(const char *name);

/* Rows of the CSV. What is not finite is left out. */
void alf_figure_header(FILE *csv);
void alf_figure_point(FILE *csv, const char *panel, const char *series, double x, double y);
void alf_figure_interval(FILE *csv, const char *panel, const char *series, double x, const alf_interval *y);

/* A column of a series of one cell over its steps. Errors: those of alf_series_read; ALF_EINVAL when it has none. */
alf_status alf_figure_curve(FILE *csv, const alf_figure_data *data, int64_t c, const char *series, const char *column,
                            const char *panel, const char *name, alf_error *err);

/* The cells that differ from cell `first` in nothing but their repetition are first, …, first + count − 1; 0 behind the last
   one. */
int64_t alf_figure_repetitions(const alf_results *results, int64_t first);

/* A metric of those cells, NAN where it is not known; the caller frees. NULL when out of memory. */
double *alf_figure_metrics(const alf_results *results, int64_t first, int64_t count, const char *metric,
                           alf_error *err);

/* The mean of a metric over those cells, with its 95 % interval; NAN where it is not known in one of them. Errors:
   ALF_ENOMEM. */
alf_status alf_figure_mean(const alf_results *results, int64_t first, int64_t count, const char *metric,
                           alf_interval *mean, alf_error *err);

/* The mean over those cells, from the least to the largest: for repetitions that are too few for a bootstrap. A cell that
   has no such number leaves it unknown, NAN. Errors: ALF_ENOMEM. */
alf_status alf_figure_spread(const alf_results *results, int64_t first, int64_t count, const char *metric,
                             alf_interval *mean, alf_error *err);

/* The same of a column of their series, row by row. Errors: those of alf_figure_curve, ALF_ENOMEM. */
alf_status alf_figure_spread_curve(FILE *csv, const alf_figure_data *data, int64_t first, int64_t count,
                                   const char *series, const char *column, const char *panel, const char *name,
                                   alf_error *err);

/* As alf_figure_mean for so many numbers. */
alf_status alf_figure_mean_of(const double *value, int64_t count, alf_interval *mean, alf_error *err);

/* A setting or a metric that is a text; "" for a number. */
const char *alf_figure_text(const alf_result *cell, const char *name);

/* The same, or the number with as few digits as it needs. */
#define ALF_FIGURE_WORD 200
void alf_figure_word(const alf_result *cell, const char *name, char word[ALF_FIGURE_WORD]);

/* What its source is called in a CSV: a family without its parameters, a file without its folder and ".npy". */
void alf_figure_source(const alf_result *cell, char word[ALF_FIGURE_WORD]);

/* Which column of a series has that name; −1: none. */
int alf_figure_column(const alf_series *series, const char *name);

/* Its value in a row; NAN where there is no such column. */
double alf_figure_at(const alf_series *series, int64_t row, const char *column);

#endif
