#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "figures/frame.h"
#include "run/file.h"
#include "run/folder.h"

/* A file in memory. */
typedef struct content {
  char *text;
  size_t length;
} content;

static void differ(alf_figure_verdict *v, alf_figure_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void differ(alf_figure_verdict *v, alf_figure_state state, const char *format, ...)
{
  va_list list;
  v->state = state;
  va_start(list, format);
  vsnprintf(v->reason, sizeof v->reason, format, list);
  va_end(list);
}

/* The first line that begins so; NULL: none. */
static const char *find_line(const char *text, const char *start)
{
  size_t length = strlen(start);
  for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
    if (!strncmp(text, start, length))
      return text;
  return NULL;
}

static const char *skip_line(const char *text)
{
  const char *end = strchr(text, '\n');
  return end ? end + 1 : text + strlen(text);
}

/* Both signatures but for the commit, which is the second line. */
static bool same_signature(const char *a, const char *b)
{
  const char *next_a = skip_line(a), *next_b = skip_line(b);
  return next_a - a == next_b - b && !strncmp(a, b, (size_t)(next_a - a)) &&
         !strcmp(skip_line(next_a), skip_line(next_b));
}

static alf_status check_signature(const alf_figure *figure, const char *csv, alf_figure_verdict *v, alf_error *err)
{
  char *now = NULL;
  size_t size = 0;
  const char *signature = find_line(csv, "# alflab figures ");
  if (!signature) {
    differ(v, ALF_FIGURE_DIFFERS, "the csv does not say what it was made from");
    return ALF_OK;
  }
  const char *end = skip_line(signature);
  bool quick = end - signature > 9 && !strncmp(end - 9, " --quick\n", 9);
  FILE *to = open_memstream(&now, &size);
  if (!to)
    return alf_fail_memory(err, strlen(csv));
  alf_status status = alf_figure_sign(to, figure, quick, err);
  if (fclose(to) != 0 && status == ALF_OK)
    status = alf_fail_memory(err, strlen(csv));
  if (status == ALF_OK && !same_signature(signature, now))
    differ(v, ALF_FIGURE_DIFFERS, "the csv was made from another config than configs/%s.ini%s now", figure->name,
           figure->more[0] ? " and the others are" : " is");
  free(now);
  return status;
}

/* What the SVG says of the gnuplot that drew it, up to the end of the line. */
static const char *description(const char *svg, int *length)
{
  const char *start = strstr(svg, "<desc>");
  start = start ? start + 6 : "";
  *length = (int)strcspn(start, "<\n");
  return start;
}

static void compare(const content *there, const content *drawn, alf_figure_verdict *v)
{
  int a, b;
  const char *by = description(there->text, &a), *now = description(drawn->text, &b);
  size_t at = 0;
  if (there->length == drawn->length && !memcmp(there->text, drawn->text, there->length))
    return;
  if (a != b || strncmp(by, now, (size_t)a) != 0) {
    differ(v, ALF_FIGURE_UNDECIDED, "the svg says '%.*s', the gnuplot here '%.*s'", a, by, b, now);
    return;
  }
  while (at < there->length && at < drawn->length && there->text[at] == drawn->text[at])
    at++;
  differ(v, ALF_FIGURE_DIFFERS, "the svg is not what the csv is drawn into: they differ from byte %zu on", at);
}

static alf_status draw_again(const alf_figure *figure, const char *csv, content *drawn, alf_error *err)
{
  char folder[ALF_FIGURE_PATH], svg[ALF_FIGURE_PATH];
  alf_status status = alf_folder_temporary(folder, sizeof folder, err);
  if (status != ALF_OK)
    return status;
  status = alf_figure_path(folder, figure->name, "svg", svg, err);
  if (status == ALF_OK)
    status = alf_figure_draw(figure, csv, svg, err);
  if (status == ALF_OK)
    status = alf_file_read(svg, &drawn->text, &drawn->length, err);
  alf_folder_remove(folder);
  return status;
}

alf_status alf_figure_check(const alf_figure *figure, const char *folder, alf_figure_verdict *verdict, alf_error *err)
{
  char csv[ALF_FIGURE_PATH], svg[ALF_FIGURE_PATH];
  content numbers = {0}, there = {0}, drawn = {0};
  *verdict = (alf_figure_verdict){0};
  alf_status status = alf_figure_path(folder, figure->name, "csv", csv, err);
  if (status == ALF_OK)
    status = alf_figure_path(folder, figure->name, "svg", svg, err);
  if (status == ALF_OK)
    status = alf_file_read(csv, &numbers.text, &numbers.length, err);
  if (status == ALF_OK)
    status = alf_file_read(svg, &there.text, &there.length, err);
  if (status == ALF_OK)
    status = check_signature(figure, numbers.text, verdict, err);
  if (status == ALF_OK && verdict->state == ALF_FIGURE_SAME)
    status = draw_again(figure, csv, &drawn, err);
  if (status == ALF_OK && verdict->state == ALF_FIGURE_SAME)
    compare(&there, &drawn, verdict);
  free(numbers.text);
  free(there.text);
  free(drawn.text);
  return status;
}
