#include <string.h>

#include "cli/demo.h"
#include "figures/producers.h"

static alf_status write_demo(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  return alf_demo_write_figure(csv, data->options, err);
}

const alf_figure alf_figures[] = {
    {"demo", "one page: gap, balance, limit cycles, prices, Lagrangian on router affinities", false, write_demo},
    {"gap", "Lagrangian gap D(p) - OPT per schedule and step size, sign and proportional rule", true,
     alf_figure_write_gap},
    {"solvers", "gap against seconds of all solvers at 4096/64/6 and 16384/64/8", false, alf_figure_write_solvers},
    {"benefit", "switching benefit of single updates against its bound and against the squared excess", true,
     alf_figure_write_benefit},
    {"preference", "margin and bound of every token that switches, by kind of move", true, alf_figure_write_preference},
    {"rules", "balance, gap and speed of all rules, by default and at their best", false, alf_figure_write_rules},
    {"modulus", "tie densities and modulus of strong convexity, predicted and measured", true,
     alf_figure_write_modulus},
    {"regret", "expected regret against the number of batches, with bounds and fits", true, alf_figure_write_regret},
    {"drift", "dynamic regret where batches change: falling steps freeze, constant ones track", true,
     alf_figure_write_drift},
    {0},
};

const alf_figure *alf_figure_find(const char *name)
{
  for (const alf_figure *f = alf_figures; f->name; f++)
    if (!strcmp(f->name, name))
      return f;
  return NULL;
}
