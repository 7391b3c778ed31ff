#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alf/new_file.h"
#include "cli/claims.h"
#include "cli/command.h"
#include "cli/output.h"

#define BEGIN "<!-- alflab claims: begin"
#define END   "<!-- alflab claims: end"

static void print_marked(FILE *out, const alf_cli_claims *claims, const alf_cli_options *options)
{
  fputs(BEGIN ". Written by `alflab claims --out FILE`; a change by hand is lost. -->\n\n", out);
  alf_cli_claims_print(out, claims, options);
  fputs("\n" END " -->\n", out);
}

static bool starts_with(const char *line, const char *start)
{
  return strncmp(line, start, strlen(start)) == 0;
}

/* Goes through the old file; where `out` is given, copies what is not between the markers, and puts the tables there. */
static alf_status replace(FILE *old, FILE *out, const alf_cli_claims *claims, const alf_cli_options *options,
                          alf_error *err)
{
  char *line = NULL;
  size_t size = 0;
  bool inside = false, whole = false;
  while (getline(&line, &size, old) >= 0) {
    bool begins = !inside && !whole && starts_with(line, BEGIN);
    if (begins && out)
      print_marked(out, claims, options);
    inside = inside || begins;
    if (!inside && out)
      fputs(line, out);
    if (inside && starts_with(line, END)) {
      inside = false;
      whole = true;
    }
  }
  free(line);
  if (ferror(old))
    return alf_fail(err, ALF_EIO, "--out %.300s: %s", options->out, strerror(errno));
  if (whole && !inside)
    return ALF_OK;
  return alf_fail(err, ALF_EFORMAT,
                  "--out %.300s: no place for the tables: expected a line \"" BEGIN " -->\" and behind it \"" END
                  " -->\"",
                  options->out);
}

/* What is wrong with FILE comes to light before the suite runs. A FILE that is not there is no mistake. */
static alf_status open_out(const alf_cli_options *options, alf_new_file *file, alf_error *err)
{
  FILE *old = fopen(options->out, "r");
  if (!old && errno != ENOENT)
    return alf_fail(err, ALF_EIO, "--out %.300s: %s", options->out, strerror(errno));
  alf_status status = old ? replace(old, NULL, NULL, options, err) : ALF_OK;
  if (old)
    fclose(old);
  return status == ALF_OK ? alf_new_file_open(file, options->out, err) : status;
}

static alf_status write_out(const alf_cli_claims *claims, const alf_cli_options *options, alf_new_file *file,
                            alf_error *err)
{
  FILE *old = fopen(options->out, "r");
  alf_status status = ALF_OK;
  if (old)
    status = replace(old, file->file, claims, options, err);
  else
    print_marked(file->file, claims, options);
  if (old)
    fclose(old);
  return status == ALF_OK ? alf_new_file_commit(file, err) : status;
}

static alf_cli_tally sum_all(const alf_cli_claims *claims)
{
  alf_cli_tally sum = {0};
  for (int r = 0; r < claims->rows; r++)
    for (int c = 0; c < claims->claims; c++)
      alf_cli_tally_join(&sum, &claims->row[r].tally[c]);
  return sum;
}

static alf_status report(const alf_cli_claims *claims, const alf_cli_options *options, const alf_cli_tally *sum,
                         alf_new_file *file, alf_error *err)
{
  alf_status status = options->out ? write_out(claims, options, file, err) : ALF_OK;
  if (status != ALF_OK)
    return status;
  if (options->json)
    return alf_cli_print_json(alf_cli_claims_json(claims), err);
  if (!options->out)
    print_marked(stdout, claims, options);
  else
    printf("%s: %d claims, %d inputs: %d hold, %d refuted, %d hypothesis not met, %d inconclusive\n", options->out,
           claims->claims, claims->rows, sum->count[ALF_HOLDS], sum->count[ALF_REFUTED],
           sum->count[ALF_HYPOTHESIS_NOT_MET], sum->count[ALF_INCONCLUSIVE]);
  return ALF_OK;
}

static int run(const alf_cli_options *options, alf_error *err)
{
  alf_cli_claims claims = {0};
  alf_new_file file = {0};
  alf_status status = options->out ? open_out(options, &file, err) : ALF_OK;
  if (status == ALF_OK)
    status = alf_cli_claims_run(&claims, options, err);
  alf_cli_tally sum = status == ALF_OK ? sum_all(&claims) : (alf_cli_tally){0};
  if (status == ALF_OK)
    status = report(&claims, options, &sum, &file, err);
  alf_new_file_close(&file);
  alf_cli_claims_free(&claims);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return sum.count[ALF_REFUTED] ? ALF_CLI_REFUTED : sum.count[ALF_INCONCLUSIVE] ? ALF_CLI_FAILED : ALF_CLI_HELD;
}

const alf_cli_command alf_cli_command_claims = {
    .name = "claims",
    .summary = "What every claim says, how it is checked, and its verdicts on a fixed suite",
    .arguments = NULL,
    .fewest = 0,
    .most = 0,
    .details =
        "Two tables in Markdown, with marker lines around them; theory/README.md holds those of seed 0. Exit code 1 "
        "when a claim is refuted anywhere.",
    .run = run,
};
