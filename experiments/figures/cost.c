#include <string.h>

#include "figures/producers.h"

static alf_status put(FILE *csv, const alf_figure_data *data, int64_t first, int64_t count, const char *metric,
                      bool by_experts, alf_error *err)
{
  const alf_result *cell = &data->results->cell[first];
  char panel[100], u[ALF_FIGURE_WORD];
  alf_interval mean;
  alf_status status = alf_figure_mean(data->results, first, count, metric, &mean, err);
  snprintf(panel, sizeof panel, "%s %s", metric, by_experts ? "experts" : "tokens");
  alf_figure_word(cell, "u", u);
  if (status == ALF_OK)
    alf_figure_interval(csv, panel, u, alf_result_real(cell, by_experts ? "experts" : "tokens"), &mean);
  return status;
}

/* Every metric over the number of tokens, of batches with as many experts as the first one, and over the number of experts,
   of batches with as many tokens as the last one. */
alf_status alf_figure_write_cost(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  static const char *const metrics[] = {"solve_seconds",   "update_seconds", "eager_update_seconds",
                                        "iterations_made", "routed",         NULL};
  const alf_results *results = data->results;
  double experts = results->cells ? alf_result_real(&results->cell[0], "experts") : 0;
  double tokens = results->cells ? alf_result_real(&results->cell[results->cells - 1], "tokens") : 0;
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0, count; status == ALF_OK && c < results->cells; c += count) {
    const alf_result *cell = &results->cell[c];
    count = alf_figure_repetitions(results, c);
    for (int m = 0; status == ALF_OK && metrics[m]; m++) {
      if (alf_result_real(cell, "experts") == experts)
        status = put(csv, data, c, count, metrics[m], false, err);
      if (status == ALF_OK && alf_result_real(cell, "tokens") == tokens)
        status = put(csv, data, c, count, metrics[m], true, err);
    }
  }
  return status;
}
