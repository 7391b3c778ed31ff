#include "cli/record.h"

#include <inttypes.h>
#include <math.h>

alf_status alf_cli_record_open(alf_cli_record *record, const char *path, alf_error *err)
{
  alf_status status = alf_new_file_open(&record->csv, path, err);
  if (status == ALF_OK)
    fprintf(record->csv.file, "batch,seconds,iterations,objective,dual_bound,violation,gap_primal,gap_dual\n");
  return status;
}

double alf_cli_relative_gap(double value, double optimum)
{
  return (value - optimum) / (optimum == 0 ? 1 : fabs(optimum));
}

void alf_cli_record_progress(void *opaque, const alf_progress *progress)
{
  alf_cli_record *record = opaque;
  double optimum = record->optimum;
  fprintf(record->csv.file, "%" PRId64 ",%.6f,%" PRId64 ",%.17g,%.17g,%.9g,%.9g,%.9g\n", record->batch,
          progress->seconds, progress->iterations, progress->objective, progress->dual_bound, progress->violation,
          0 - alf_cli_relative_gap(progress->objective, optimum), alf_cli_relative_gap(progress->dual_bound, optimum));
}

void alf_cli_record_exact(alf_cli_record *record, const alf_solution *solution, const alf_certificate *certificate)
{
  alf_cli_record_progress(record, &(alf_progress){.seconds = solution->seconds,
                                                  .iterations = solution->iterations,
                                                  .objective = certificate->objective,
                                                  .dual_bound = certificate->dual_bound});
}
