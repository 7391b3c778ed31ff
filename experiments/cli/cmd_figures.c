#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "figures/frame.h"
#include "gnuplot.h"

/* All figures, or those that are named, in turn. */
typedef struct work {
  const alf_cli_options *options;
  const char *folder;
  json_t *list; /* NULL: text is printed */
  int figures, differ, undecided;
  char first[500]; /* why the first one differs, or else is undecided */
} work;

static bool is_asked(const work *w, const char *name)
{
  for (int i = 0; i < w->options->arguments; i++)
    if (!strcmp(w->options->argument[i], name))
      return true;
  return w->options->arguments == 0;
}

static alf_status check_options(const alf_cli_options *options, alf_error *err)
{
  if (options->check + options->redraw + options->quick > 1)
    return alf_fail(err, ALF_EINVAL, "--check, --redraw, --quick: expected one of them");
  for (int i = 0; i < options->arguments; i++)
    if (!alf_figure_find(options->argument[i]))
      return alf_cli_fail_name("", options->argument[i], "figures", err);
  return ALF_OK;
}

static alf_status make_folder(const work *w, alf_error *err)
{
  struct stat info;
  if (w->options->check || w->options->redraw)
    return stat(w->folder, &info) == 0
               ? ALF_OK
               : alf_fail(err, ALF_EIO, "%.300s: %s: expected the folder of the figures, or --out", w->folder,
                          strerror(errno));
  if (mkdir(w->folder, 0777) == 0)
    return ALF_OK;
  int why = errno;
  if (why == EEXIST && stat(w->folder, &info) == 0)
    why = S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
  return why ? alf_fail(err, ALF_EIO, "--out %.300s: %s", w->folder, strerror(why)) : ALF_OK;
}

static void note(work *w, const alf_figure *figure, const alf_figure_verdict *v)
{
  static const char *const states[] = {
      [ALF_FIGURE_SAME] = "same", [ALF_FIGURE_DIFFERS] = "differs", [ALF_FIGURE_UNDECIDED] = "undecided"};
  bool first = (v->state == ALF_FIGURE_DIFFERS && !w->differ) ||
               (v->state == ALF_FIGURE_UNDECIDED && !w->differ && !w->undecided);
  w->differ += v->state == ALF_FIGURE_DIFFERS;
  w->undecided += v->state == ALF_FIGURE_UNDECIDED;
  if (first)
    snprintf(w->first, sizeof w->first, "%s: %s", figure->name, v->reason);
  if (w->list)
    alf_cli_json_append(&w->list, json_pack("{ss ss so}", "name", figure->name, "state", states[v->state], "reason",
                                            alf_cli_json_text(v->reason)));
  else
    printf("%-14s %s%s%s\n", figure->name, states[v->state], *v->reason ? ": " : "", v->reason);
}

static alf_status check(work *w, const alf_figure *figure, alf_error *err)
{
  alf_figure_verdict verdict;
  alf_status status = alf_figure_check(figure, w->folder, &verdict, err);
  if (status == ALF_OK)
    note(w, figure, &verdict);
  return status;
}

static alf_status make(work *w, const alf_figure *figure, alf_error *err)
{
  double start = alf_cli_seconds();
  alf_status status = w->options->redraw ? alf_figure_redraw(figure, w->folder, err)
                                         : alf_figure_make(figure, w->options, w->folder, err);
  if (status != ALF_OK)
    return status;
  double seconds = alf_cli_seconds() - start;
  if (w->list)
    alf_cli_json_append(&w->list, json_pack("{ss so sf}", "name", figure->name, "folder", alf_cli_json_text(w->folder),
                                            "seconds", seconds));
  else
    printf("%s/%s.svg, numbers: %s/%s.csv\n", w->folder, figure->name, w->folder, figure->name);
  fflush(stdout);
  return ALF_OK;
}

static alf_status do_all(work *w, alf_error *err)
{
  alf_status status = check_options(w->options, err);
  if (status == ALF_OK)
    status = alf_plot_check(err);
  if (status == ALF_OK)
    status = make_folder(w, err);
  for (const alf_figure *f = alf_figures; status == ALF_OK && f->name; f++) {
    if (!is_asked(w, f->name))
      continue;
    w->figures++;
    status = w->options->check ? check(w, f, err) : make(w, f, err);
  }
  if (status == ALF_EPROGRAM && alf_cli_interrupted()) /* Ctrl-C ends gnuplot, too */
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return status;
}

static int conclude(const work *w, alf_error *err)
{
  if (w->differ) {
    alf_fail(err, ALF_EINVAL, "%d of %d figures differ: %.400s", w->differ, w->figures, w->first);
    return ALF_CLI_REFUTED;
  }
  if (w->undecided) {
    alf_fail(err, ALF_EPROGRAM, "%d of %d figures cannot be compared: %.400s", w->undecided, w->figures, w->first);
    return ALF_CLI_FAILED;
  }
  return ALF_CLI_HELD;
}

static int run(const alf_cli_options *options, alf_error *err)
{
  work w = {.options = options,
            .folder = options->out     ? options->out
                      : options->quick ? "alflab-figures"
                                       : "paper-figures",
            .list = options->json ? json_array() : NULL};
  alf_status status = do_all(&w, err);
  if (status == ALF_OK && options->json) {
    json_t *object = json_object();
    alf_cli_json_set(&object, "figures", w.list);
    w.list = NULL;
    status = alf_cli_print_json(object, err);
  }
  json_decref(w.list);
  return status == ALF_OK ? conclude(&w, err) : alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_figures = {
    .name = "figures",
    .summary = "Draw the figures of paper-figures anew, with the numbers behind them",
    .arguments = "[NAME...]",
    .fewest = 0,
    .most = 1000,
    .details =
        "Without a NAME all figures of alflab list figures. The numbers are those of an experiment, "
        "configs/NAME.ini (ALFLAB_CONFIGS names another folder; demo has three), whose cells are kept in the store: "
        "what was run once "
        "is "
        "not run again, and figures that were interrupted go on where they were. The config says how long they take. "
        "--check fails with exit code 1 when a figure is not, byte for byte, what its numbers are drawn into, or when "
        "its config has changed since; with 4 when another version of gnuplot had drawn it.",
    .run = run,
};
