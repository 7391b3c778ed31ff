#include "cli/command.h"
#include "cli/comparison.h"

static int run(const alf_cli_options *options, alf_error *err)
{
  alf_store *base = NULL, *fresh = NULL;
  alf_comparison comparison = {0};
  alf_status status = alf_store_open(&base, options->argument[0], ALF_STORE_READ, err);
  if (status == ALF_OK)
    status = alf_store_open(&fresh, options->argument[1], ALF_STORE_READ, err);
  if (status == ALF_OK)
    status = alf_compare_stores(&comparison, base, fresh, !options->no_times, err);
  int code = status == ALF_OK
                 ? alf_cli_report_comparison(&comparison, options->argument[0], options->argument[1], options, err)
                 : alf_cli_exit_code(status);
  alf_comparison_free(&comparison);
  alf_store_close(base);
  alf_store_close(fresh);
  return code;
}

const alf_cli_command alf_cli_command_compare = {
    .name = "compare",
    .summary = "Tell what is better and what worse in one store than in another",
    .arguments = "BASE.sqlite NEW.sqlite",
    .fewest = 2,
    .most = 2,
    .details =
        "The stores are those of alflab run --store or alflab bench --save. Cells of the same kind, settings, "
        "repetition and seed are paired, whatever the code that ran them; of several versions in one store the last "
        "run counts; a rule in a file counts by the name of its file. For each rule or solver and each metric: the "
        "mean effect (above 0: worse) with its 95 % interval by bootstrap over the cells, and p, Wilcoxon's "
        "signed-rank test after Holm's correction for all rows that differ. worse: p below 0.05 and the effect above "
        "the tolerance, or a claim that is refuted now, a certificate or a cell that fails now. undecided: neither "
        "that nor the contrary nor an interval within the tolerance. Exit code 1 when anything is worse.",
    .run = run,
};
