#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alf/new_file.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "figures/frame.h"
#include "gnuplot.h"
#include "run/folder.h"

typedef struct demo {
  const alf_cli_options *options;
  double start;
  char csv_path[ALF_DEMO_PATH], svg_path[ALF_DEMO_PATH], png_path[ALF_DEMO_PATH];
  alf_demo_known known[ALF_DEMO_KNOWN];
  alf_demo_claims claims;
} demo;

static alf_status make_folder(const char *path, alf_error *err)
{
  struct stat info;
  if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
    return ALF_OK;
  return alf_fail(err, ALF_EIO, "--out %s: %s", path, strerror(errno == EEXIST ? ENOTDIR : errno));
}

/* What would make the last step fail fails first. */
static alf_status check_files(demo *d, alf_error *err)
{
  const char *folder = d->options->out;
  alf_new_file csv = {0};
  if (strlen(folder) > ALF_DEMO_PATH - 40)
    return alf_fail(err, ALF_EINVAL, "--out %.100s...: the path is too long", folder);
  snprintf(d->csv_path, sizeof d->csv_path, "%s/demo.csv", folder);
  snprintf(d->svg_path, sizeof d->svg_path, "%s/demo.svg", folder);
  snprintf(d->png_path, sizeof d->png_path, "%s/demo.png", folder);
  alf_status status = alf_plot_check(err);
  if (status == ALF_OK)
    status = alf_figure_check_configs(alf_figure_find("demo"), d->options, err);
  if (status == ALF_OK)
    status = make_folder(folder, err);
  if (status == ALF_OK)
    status = alf_new_file_open(&csv, d->csv_path, err);
  alf_new_file_close(&csv);
  return status;
}

static void print_known(const demo *d)
{
  printf("Known answers, K = 2: optima by GLPK's simplex, certified in exact integers; limit cycles of sign steps\n\n");
  for (int i = 0; i < ALF_DEMO_KNOWN; i++)
    printf("%-36s %-24s %9.7g  known: about %g%s\n", d->known[i].input, d->known[i].what, d->known[i].value,
           d->known[i].expected,
           d->known[i].met         ? ""
           : d->known[i].certified ? "  FAR OFF"
                                   : "  NOT CERTIFIED");
  putchar('\n');
  fflush(stdout);
}

/* The figure demo of alflab figures. Its cells are run in this demo, whatever was run before. */
static alf_status make_figure(const demo *d, alf_error *err)
{
  char folder[ALF_DEMO_PATH], store[ALF_DEMO_PATH + 16];
  alf_cli_options own = *d->options;
  alf_status status = alf_folder_temporary(folder, sizeof folder, err);
  if (status != ALF_OK)
    return status;
  snprintf(store, sizeof store, "%s/store.sqlite", folder);
  own.store = store;
  own.jobs = own.threads;
  status = alf_figure_make(alf_figure_find("demo"), &own, own.out, err);
  alf_folder_remove(folder);
  return status;
}

static alf_status draw(const demo *d, alf_error *err)
{
  alf_status status = make_figure(d, err);
  if (status == ALF_OK)
    status = alf_plot_draw("demo", d->csv_path, d->png_path, ALF_PLOT_PNG, err);
  if (status == ALF_EPROGRAM && alf_cli_interrupted()) /* Ctrl-C ends gnuplot, too */
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return status;
}

static alf_status work(demo *d, alf_error *err)
{
  bool text = !d->options->json;
  alf_status status = check_files(d, err);
  if (status == ALF_OK)
    status = alf_demo_find_known(d->options, d->known, err);
  if (status == ALF_OK && text)
    print_known(d);
  if (status == ALF_OK)
    status = alf_demo_check_claims(&d->claims, err);
  if (status == ALF_OK && text) {
    alf_cli_totals_print(&d->claims.totals);
    putchar('\n');
    fflush(stdout);
  }
  return status == ALF_OK ? draw(d, err) : status;
}

static int known_missed(const demo *d)
{
  int missed = 0;
  for (int i = 0; i < ALF_DEMO_KNOWN; i++)
    missed += !d->known[i].met;
  return missed;
}

static void print_total(const demo *d)
{
  const int *count = d->claims.totals.count;
  printf("Figure: %s, %s, numbers: %s\n\n", d->svg_path, d->png_path, d->csv_path);
  printf("%d of %d known answers met; %d results hold, %d refuted, %d hypothesis not met, %d inconclusive; %.1f s\n",
         ALF_DEMO_KNOWN - known_missed(d), ALF_DEMO_KNOWN, count[ALF_HOLDS], count[ALF_REFUTED],
         count[ALF_HYPOTHESIS_NOT_MET], count[ALF_INCONCLUSIVE], alf_cli_seconds() - d->start);
}

static json_t *json_known(const alf_demo_known *known)
{
  return json_pack("{ss ss so sf sb sb}", "source", known->input, "what", known->what, "value",
                   alf_cli_json_real(known->value), "expected", known->expected, "certified", known->certified, "met",
                   known->met);
}

static alf_status print_json(demo *d, alf_error *err)
{
  json_t *object = json_object(), *known = json_array();
  for (int i = 0; i < ALF_DEMO_KNOWN; i++)
    alf_cli_json_append(&known, json_known(&d->known[i]));
  alf_cli_json_set(&object, "known_answers", known);
  alf_cli_json_set(&object, "claims", d->claims.list);
  d->claims.list = NULL;
  alf_cli_json_set(&object, "figure",
                   json_pack("{ss ss ss}", "svg", d->svg_path, "png", d->png_path, "csv", d->csv_path));
  alf_cli_json_set(&object, "seconds", json_real(alf_cli_seconds() - d->start));
  return alf_cli_print_json(object, err);
}

static int run(const alf_cli_options *options, alf_error *err)
{
  demo d = {.options = options,
            .start = alf_cli_seconds(),
            .claims = {.options = options, .list = options->json ? json_array() : NULL}};
  alf_status status = work(&d, err);
  if (status == ALF_OK && options->json)
    status = print_json(&d, err);
  else if (status == ALF_OK)
    print_total(&d);
  if (status == ALF_EINTERRUPTED) /* wherever it was */
    alf_fail(err, status, "interrupted");
  int code = alf_cli_exit_code(status);
  if (status == ALF_OK && (d.claims.totals.count[ALF_REFUTED] || known_missed(&d)))
    code = ALF_CLI_REFUTED;
  else if (status == ALF_OK && d.claims.totals.count[ALF_INCONCLUSIVE])
    code = ALF_CLI_FAILED;
  json_decref(d.claims.list);
  return code;
}

const alf_cli_command alf_cli_command_demo = {
    .name = "demo",
    .summary = "Check every claim on built-in and real affinities and draw one page of figures",
    .arguments = NULL,
    .fewest = 0,
    .most = 0,
    .details = "Known answers first, then claims C1 to C7 on the synthetic families and on the router affinities of "
               "experiments/data, then demo.svg, demo.png and the numbers they are drawn from, demo.csv. Takes less "
               "than a minute. ALFLAB_DATA names another folder of affinities for the claims, ALFLAB_CONFIGS one of "
               "configs for "
               "the figure, and ALFLAB_PLOTS one of gnuplot scripts.",
    .run = run,
};
