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
    {"band", "loads enter the band of C4 and stay, and when, against the bound", true, alf_figure_write_band},
    {"balance", "MaxVio after 2000 updates against the step size, per rule and schedule", true,
     alf_figure_write_balance},
    {"cycles", "limit cycles of constant sign steps: length, width and start against the step size", true,
     alf_figure_write_cycles},
    {"router", "affinities of a router, optimal prices, and the learned shift against their intervals", true,
     alf_figure_write_router},
    {"modulus", "tie densities and modulus of strong convexity, predicted and measured", true,
     alf_figure_write_modulus},
    {"regret", "expected regret against the number of batches, with bounds and fits", true, alf_figure_write_regret},
    {"drift", "dynamic regret where batches change: falling steps freeze, constant ones track", true,
     alf_figure_write_drift},
    {"cost", "seconds and work of the exact optimum and of an update against tokens and experts", true,
     alf_figure_write_cost},
    {"rules", "balance, gap and speed of all rules, by default and at their best", true, alf_figure_write_rules},
    {"prices", "shifts learned in training against all optimal prices of the batch", true, alf_figure_write_prices},
    {"training", "training a DeepSeekMoE: balance over the steps, table of validation loss and balance", true,
     alf_figure_write_training},
    {0},
};

const alf_figure *alf_figure_find(const char *name)
{
  for (const alf_figure *f = alf_figures; f->name; f++)
    if (!strcmp(f->name, name))
      return f;
  return NULL;
}
