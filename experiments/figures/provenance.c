#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alf/new_file.h"
#include "figures/frame.h"
#include "gnuplot.h"
#include "run/code.h"
#include "run/digest.h"
#include "run/file.h"
#include "shipped.h"

alf_status alf_figure_path(const char *folder, const char *name, const char *extension, char path[ALF_FIGURE_PATH],
                           alf_error *err)
{
  int length = snprintf(path, ALF_FIGURE_PATH, "%s/%s.%s", folder, name, extension);
  return length < ALF_FIGURE_PATH ? ALF_OK : alf_fail(err, ALF_EINVAL, "--out %.100s...: the path is too long", folder);
}

const char *alf_figure_config(const alf_figure *figure, int i)
{
  return i == 0 ? figure->name : figure->more[i - 1];
}

alf_status alf_figure_config_path(const char *config, char path[ALF_FIGURE_PATH], alf_error *err)
{
  char folder[ALF_SHIPPED_PATH];
  alf_status status = alf_shipped_folder("ALFLAB_CONFIGS", "configs", folder, err);
  return status == ALF_OK ? alf_figure_path(folder, config, "ini", path, err) : status;
}

static void put_indented(FILE *csv, const char *text)
{
  while (*text) {
    size_t length = strcspn(text, "\n");
    fprintf(csv, "#%s%.*s\n", length ? "   " : "", (int)length, text);
    text += length + (text[length] == '\n');
  }
}

static alf_status put_config(FILE *csv, const char *config, alf_error *err)
{
  char path[ALF_FIGURE_PATH], *text = NULL;
  size_t length;
  alf_status status = alf_figure_config_path(config, path, err);
  if (status == ALF_OK)
    status = alf_file_read(path, &text, &length, err);
  if (status == ALF_OK) {
    fprintf(csv, "# configs/%s.ini\n", config);
    put_indented(csv, text);
  }
  free(text);
  return status;
}

alf_status alf_figure_sign(FILE *csv, const alf_figure *figure, bool quick, alf_error *err)
{
  alf_status status = ALF_OK;
  fprintf(csv, "# alflab figures %s%s\n# commit %s\n", figure->name, quick ? " --quick" : "", alf_code_commit());
  for (int i = 0; status == ALF_OK && alf_figure_config(figure, i); i++)
    status = put_config(csv, alf_figure_config(figure, i), err);
  return status;
}

static void put_escaped(FILE *svg, char byte)
{
  if (byte == '&')
    fputs("&amp;", svg);
  else if (byte == '<')
    fputs("&lt;", svg);
  else if (byte == '>')
    fputs("&gt;", svg);
  else
    putc((unsigned char)byte < ' ' && byte != '\n' && byte != '\t' ? '?' : byte, svg);
}

/* The lines of the CSV that begin with '#', without it. */
static void put_metadata(FILE *svg, const char *csv, const char *digest)
{
  fprintf(svg, "\n<metadata>\n");
  while (*csv) {
    size_t length = strcspn(csv, "\n");
    for (size_t i = 2; *csv == '#' && i < length; i++)
      put_escaped(svg, csv[i]);
    if (*csv == '#')
      putc('\n', svg);
    csv += length + (csv[length] == '\n');
  }
  fprintf(svg, "sha256 of the csv %s\n</metadata>", digest);
}

static const char drawn_title[] = "<title>Gnuplot</title>", description_end[] = "</desc>";

static alf_status put_annotated(FILE *out, const char *svg, const char *csv, const alf_figure *figure,
                                const char *digest, alf_error *err)
{
  const char *title = strstr(svg, drawn_title), *end = title ? strstr(title, description_end) : NULL;
  if (!end)
    return alf_fail(err, ALF_EPROGRAM, "%s: gnuplot's SVG has no <title> and <desc>", figure->name);
  const char *behind_title = title + sizeof drawn_title - 1;
  end += sizeof description_end - 1;
  fprintf(out, "%.*s<title>alflab figures %s: ", (int)(title - svg), svg, figure->name);
  for (const char *c = figure->summary; *c; c++)
    put_escaped(out, *c);
  fprintf(out, "</title>%.*s", (int)(end - behind_title), behind_title);
  put_metadata(out, csv, digest);
  fputs(end, out);
  return ALF_OK;
}

/* Writes what gnuplot has drawn, and what is behind the rows, into the SVG. */
static alf_status annotate(const alf_figure *figure, const char *csv, const char *plain, const char *svg,
                           alf_error *err)
{
  char *drawn = NULL, *numbers = NULL, digest[ALF_DIGEST_TEXT];
  size_t length;
  alf_new_file out = {0};
  alf_status status = alf_digest_file(csv, digest, err);
  if (status == ALF_OK)
    status = alf_file_read(plain, &drawn, &length, err);
  if (status == ALF_OK)
    status = alf_file_read(csv, &numbers, &length, err);
  if (status == ALF_OK)
    status = alf_new_file_open(&out, svg, err);
  if (status == ALF_OK)
    status = put_annotated(out.file, drawn, numbers, figure, digest, err);
  if (status == ALF_OK)
    status = alf_new_file_commit(&out, err);
  alf_new_file_close(&out);
  free(drawn);
  free(numbers);
  return status;
}

alf_status alf_figure_draw(const alf_figure *figure, const char *csv, const char *svg, alf_error *err)
{
  char plain[ALF_FIGURE_PATH];
  if (snprintf(plain, sizeof plain, "%s.plain", svg) >= (int)sizeof plain)
    return alf_fail(err, ALF_EINVAL, "%.100s...: expected a shorter path", svg);
  alf_status status = alf_plot_draw(figure->name, csv, plain, ALF_PLOT_SVG, err);
  if (status == ALF_OK)
    status = annotate(figure, csv, plain, svg, err);
  remove(plain);
  return status;
}
