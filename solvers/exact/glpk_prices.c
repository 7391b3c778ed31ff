#include "exact/glpk_prices.h"

#include <stdlib.h>

#include "core/deadline.h"
#include "exact/child.h"
#include "exact/glpk_common.h"
#include "exact/glpk_finish.h"

struct workspace {
  const alf_problem *problem;
  alf_deadline deadline;
  const char *name;
  alf_glpk_find_prices *find;
  double *price; /* E, affinity units */
  alf_glpk_finish *finish;
};

void alf_glpk_prices_free(void *workspace)
{
  struct workspace *w = workspace;
  if (!w)
    return;
  alf_glpk_finish_free(w->finish);
  free(w->price);
  free(w);
}

alf_status alf_glpk_prices_setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                                 const char *name, alf_glpk_find_prices *find, alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts;
  struct workspace *w = calloc(1, sizeof *w);
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  *w = (struct workspace){.problem = problem,
                          .deadline = alf_deadline_after(settings->timeout, settings->stop),
                          .name = name,
                          .find = find};
  w->price = calloc(experts, sizeof *w->price);
  alf_status status = w->price ? ALF_OK : alf_fail_memory(err, experts * sizeof *w->price);
  if (!status)
    status = alf_glpk_finish_alloc(&w->finish, problem, w->deadline, err);
  if (status)
    alf_glpk_prices_free(w);
  else
    *workspace = w;
  return status;
}

/* In the child: where its result goes, and whose it is. */
struct call {
  const struct workspace *workspace;
  double *price;
};

static alf_status guarded(void *context, alf_error *err)
{
  const struct call *call = context;
  return call->workspace->find(call->workspace->problem, call->price, err);
}

static alf_status in_child(void *context, void *result, alf_error *err)
{
  struct call call = {context, result};
  return alf_glpk_guard(guarded, &call, err);
}

alf_status alf_glpk_prices_solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  size_t bytes = (size_t)w->problem->batch->experts * sizeof *w->price;
  alf_status status = alf_child_run(in_child, w, w->price, bytes, w->deadline, w->name, err);
  return status ? status : alf_glpk_finish_run(w->finish, w->price, solution, err);
}
