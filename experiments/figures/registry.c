#include <string.h>

#include "figures/producers.h"

const alf_figure alf_figures[] = {
    {"demo",
     "one page: gap, balance, limit cycles, prices, Lagrangian on router affinities",
     alf_figure_write_demo,
     {"demo_cycles", "demo_prices"}},
    {"gap", "Lagrangian gap D(p) - OPT per schedule and step size, sign and proportional rule", alf_figure_write_gap},
    {"solvers", "gap against seconds of all solvers at 4096/64/6 and 16384/64/8", alf_figure_write_solvers},
    {"benefit", "switching benefit of single updates against its bound and against the squared excess",
     alf_figure_write_benefit},
    {"preference", "margin and bound of every token that switches, by kind of move", alf_figure_write_preference},
    {"band", "loads enter the band of C4 and stay, and when, against the bound", alf_figure_write_band},
    {"balance", "MaxVio after 2000 updates against the step size, per rule and schedule", alf_figure_write_balance},
    {"cycles", "limit cycles of constant sign steps: length, width and start against the step size",
     alf_figure_write_cycles},
    {"router", "affinities of a router, optimal prices, and the learned shift against their intervals",
     alf_figure_write_router},
    {"modulus", "tie densities and modulus of strong convexity, predicted and measured", alf_figure_write_modulus},
    {"regret", "expected regret against the number of batches, with bounds and fits", alf_figure_write_regret},
    {"drift", "dynamic regret where batches change: falling steps freeze, constant ones track", alf_figure_write_drift},
    {"cost", "seconds and work of the exact optimum and of an update against tokens and experts",
     alf_figure_write_cost},
    {"rules", "balance, gap and speed of all rules, by default and at their best", alf_figure_write_rules},
    {"prices", "shifts learned in training against all optimal prices of the batch", alf_figure_write_prices},
    {"training", "training a DeepSeekMoE: balance over the steps, table of validation loss and balance",
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
