#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/iterate.h"

static void print_header(FILE *csv)
{
  fprintf(csv, "n,step_size");
  for (const alf_look_measure *m = alf_look_measures; m->name; m++)
    fprintf(csv, ",%s", m->name);
  fprintf(csv, ",rule,schedule,format\n");
}

alf_status alf_cli_iterate_files_open(alf_cli_iterate *run, alf_error *err)
{
  const alf_cli_options *options = run->options;
  alf_cli_iterate_files *files = &run->files;
  int32_t experts = run->iteration.batch[0].experts;
  alf_status status = ALF_OK;
  files->row = calloc((size_t)experts, sizeof *files->row);
  if (!files->row)
    return alf_fail_memory(err, (size_t)experts * sizeof *files->row);
  if (options->csv)
    status = alf_new_file_open(&files->csv, options->csv, err);
  if (status == ALF_OK && options->csv)
    print_header(files->csv.file);
  if (status == ALF_OK && options->loads)
    status = alf_npy_rows_open(&files->loads, options->loads, experts, err);
  if (status == ALF_OK && options->shifts)
    status = alf_npy_rows_open(&files->shifts, options->shifts, experts, err);
  return status;
}

/* One more cell; a text with commas has to be quoted, and has no quotes itself. */
static void print_text(FILE *csv, const char *text)
{
  const char *quote = strchr(text, ',') ? "\"" : "";
  fprintf(csv, ",%s%s%s", quote, text, quote);
}

/* Empty where it is not known. */
static void print_real(FILE *csv, double value)
{
  if (isfinite(value))
    fprintf(csv, ",%.17g", value);
  else
    putc(',', csv);
}

static void print_line(const alf_cli_iterate *run, const alf_step *step)
{
  FILE *csv = run->files.csv.file;
  fprintf(csv, "%" PRId64, step->n);
  print_real(csv, step->step_size);
  for (const alf_look_measure *m = alf_look_measures; m->name; m++)
    if (m->whole)
      fprintf(csv, ",%" PRId64, alf_look_whole(&run->iteration.look, m));
    else
      print_real(csv, alf_look_real(&run->iteration.look, m));
  print_text(csv, run->name.rule);
  print_text(csv, run->name.schedule);
  print_text(csv, run->name.format);
  putc('\n', csv);
}

void alf_cli_iterate_files_add(alf_cli_iterate *run)
{
  const alf_step *step = alf_iterate_current(run->iteration.iterate);
  alf_cli_iterate_files *files = &run->files;
  if (files->csv.file)
    print_line(run, step);
  if (files->loads.file.file) {
    for (int32_t k = 0; k < step->batch_after->experts; k++)
      files->row[k] = (double)step->load_after[k];
    alf_npy_rows_append(&files->loads, files->row);
  }
  if (files->shifts.file.file)
    alf_npy_rows_append(&files->shifts, step->shift_after.real);
}

alf_status alf_cli_iterate_files_commit(alf_cli_iterate *run, alf_error *err)
{
  alf_cli_iterate_files *files = &run->files;
  alf_status status = files->csv.file ? alf_new_file_commit(&files->csv, err) : ALF_OK;
  if (status == ALF_OK && files->loads.file.file)
    status = alf_npy_rows_commit(&files->loads, err);
  if (status == ALF_OK && files->shifts.file.file)
    status = alf_npy_rows_commit(&files->shifts, err);
  return status;
}

void alf_cli_iterate_files_free(alf_cli_iterate_files *files)
{
  alf_new_file_close(&files->csv);
  alf_npy_rows_close(&files->loads);
  alf_npy_rows_close(&files->shifts);
  free(files->row);
  *files = (alf_cli_iterate_files){0};
}
