#include <stdio.h>
#include <string.h>

#include "alf/new_file.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/nearest.h"
#include "gnuplot.h"

const alf_cli_figure alf_cli_figures[] = {
    {"solvers", "gap against seconds of all solvers at 4096/64/6 and 16384/64/8", alf_cli_write_solvers},
    {"rules", "balance, gap and speed of all rules, by default and at their best", alf_cli_write_rules},
    {0},
};
enum { FIGURES = sizeof alf_cli_figures / sizeof *alf_cli_figures - 1 };

static alf_status draw(const alf_cli_figure *figure, const alf_cli_options *options, alf_error *err)
{
  char csv_path[ALF_DEMO_PATH], svg_path[ALF_DEMO_PATH];
  alf_new_file csv = {0};
  if (strlen(options->out) > ALF_DEMO_PATH - 40)
    return alf_fail(err, ALF_EINVAL, "--out %.100s...: the path is too long", options->out);
  snprintf(csv_path, sizeof csv_path, "%s/%s.csv", options->out, figure->name);
  snprintf(svg_path, sizeof svg_path, "%s/%s.svg", options->out, figure->name);
  alf_status status = alf_plot_check(err);
  if (status == ALF_OK)
    status = alf_new_file_open(&csv, csv_path, err);
  if (status == ALF_OK)
    status = figure->write(csv.file, options, err);
  if (status == ALF_OK)
    status = alf_new_file_commit(&csv, err);
  if (status == ALF_OK)
    status = alf_plot_draw(figure->name, csv_path, svg_path, ALF_PLOT_SVG, err);
  alf_new_file_close(&csv);
  if (status == ALF_OK)
    printf("%s, numbers: %s\n", svg_path, csv_path);
  return status;
}

static const alf_cli_figure *find(const char *name, alf_error *err)
{
  const char *names[FIGURES + 1] = {NULL};
  for (int i = 0; i < FIGURES; i++) {
    if (!strcmp(alf_cli_figures[i].name, name))
      return &alf_cli_figures[i];
    names[i] = alf_cli_figures[i].name;
  }
  char known[300];
  alf_cli_nearest(name, names, "", known, sizeof known);
  alf_fail(err, ALF_EINVAL, "%s: no such figure; %s", name, known);
  return NULL;
}

static int run(const alf_cli_options *options, alf_error *err)
{
  const alf_cli_figure *figure = find(options->argument[0], err);
  alf_status status = figure ? draw(figure, options, err) : ALF_EINVAL;
  if (status == ALF_EPROGRAM && alf_cli_interrupted()) /* Ctrl-C ends gnuplot, too */
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_figures = {
    .name = "figures",
    .summary = "Draw a figure of paper-figures anew, with the numbers behind it",
    .arguments = "NAME",
    .fewest = 1,
    .most = 1,
    .details =
        "solvers: gap against seconds of all solvers at 4096 and 16384 tokens; takes two to three minutes. rules: "
        "balance, gap and speed of all rules over the suite of bench --group rules; takes five to ten minutes.",
    .run = run,
};
