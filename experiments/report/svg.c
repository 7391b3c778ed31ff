#include "report/svg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "run/file.h"

/* If `at` begins with `start`, what stands behind the next `end`; else NULL. */
static const char *skip(const char *at, const char *start, const char *end)
{
  if (strncmp(at, start, strlen(start)))
    return NULL;
  const char *found = strstr(at + strlen(start), end);
  return found ? found + strlen(end) : NULL;
}

static const char *skip_what_is_left_out(const char *at)
{
  static const char *const parts[][2] = {
      {"<title>", "</title>"}, {" id=\"", "\""}, {" font-family=\"", "\""}, {" color=\"black\"", ""}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const char *behind = skip(at, parts[i][0], parts[i][1]);
    if (behind)
      return behind;
  }
  return NULL;
}

/* A colour in quotes; NULL: there is none. */
static const char *put_colour(FILE *page, const char *at)
{
  int red, green, blue, length = 0;
  char quote;
  if (!strncmp(at, "'black'", 7) || !strncmp(at, "\"black\"", 7)) {
    fputs("\"currentColor\"", page);
    return at + 7;
  }
  if (sscanf(at, "%*1['\"]rgb(%d,%d,%d)%c%n", &red, &green, &blue, &quote, &length) < 4 || length == 0)
    return NULL;
  if (red || green)
    fprintf(page, "\"rgb(%d,%d,%d)\"", red, green, blue);
  else if (blue == 255)
    fputs("\"var(--grid)\"", page);
  else
    fprintf(page, "\"var(--s%d)\"", blue);
  return at + length;
}

static void put_body(FILE *page, const char *at, const char *end)
{
  while (at < end) {
    const char *behind = skip_what_is_left_out(at);
    if (!behind && (*at == '"' || *at == '\''))
      behind = put_colour(page, at);
    if (behind) {
      at = behind;
      continue;
    }
    bool blank = strchr(" \t\n", *at) != NULL;
    size_t length = blank ? strspn(at, " \t\n") : 1;
    if (blank) /* one is enough, and none between tags */
      fputs(at[length] == '<' ? "" : " ", page);
    else
      putc(*at, page);
    at += length;
  }
}

alf_status alf_svg_inline(FILE *page, const char *path, const char *label, alf_error *err)
{
  char *text = NULL;
  size_t length;
  alf_status status = alf_file_read(path, &text, &length, err);
  const char *box = status == ALF_OK ? strstr(text, "viewBox=\"") : NULL;
  const char *start = box ? strstr(box, "</defs>") : NULL, *end = start ? strstr(start, "</svg>") : NULL;
  if (status == ALF_OK && !end)
    status = alf_fail(err, ALF_EFORMAT, "%s: is no drawing of gnuplot’s svg terminal", path);
  if (status == ALF_OK) {
    fprintf(page, "<svg %.*s role=img aria-label=\"", (int)(strchr(box + 9, '"') + 1 - box), box);
    alf_html_text(page, label);
    fputs("\"><g>", page);
    put_body(page, start + strlen("</defs>"), end);
    fputs("</svg>\n", page);
  }
  free(text);
  return status;
}
