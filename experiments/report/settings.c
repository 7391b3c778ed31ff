#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/inside.h"
#include "run/values.h"

void alf_page_settings(alf_page *page, const alf_table *table, int64_t cell, int but, int and_but, int64_t repetition)
{
  const char *between = "";
  for (int a = 0; a < table->axes; a++) {
    const alf_named *setting = &table->results->cell[cell].setting[table->axis[a]];
    if (table->axis[a] == but || table->axis[a] == and_but)
      continue;
    fprintf(page->file, "%s<span class=key>", between);
    alf_html_text(page->file, setting->name);
    fputs("</span> ", page->file);
    alf_html_setting(page->file, setting);
    between = ", ";
  }
  if (repetition >= 0)
    fprintf(page->file, "%s<span class=key>repetition</span> %" PRId64, between, repetition);
}

/* A word of a command line. */
static void put_word(FILE *line, const char *word)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
  if (*word && word[strspn(word, plain)] == '\0') {
    fputs(word, line);
    return;
  }
  putc('\'', line);
  for (; *word; word++)
    if (*word == '\'')
      fputs("'\\''", line);
    else
      putc(*word, line);
  putc('\'', line);
}

static const alf_value *setting_of(const alf_result *cell, const char *name)
{
  for (int s = 0; s < cell->settings; s++)
    if (!strcmp(cell->setting[s].name, name))
      return &cell->setting[s].value;
  return NULL;
}

static bool is_word(const alf_result *cell, const char *name, const char *word)
{
  const alf_value *value = setting_of(cell, name);
  return value && value->type == ALF_TEXT && !strcmp(value->text, word);
}

/* " OPTION VALUE" of a setting or metric, unless there is none or it is the word that stands for nothing. */
static void put_option(FILE *line, const alf_result *cell, const char *option, const char *name, const char *nothing)
{
  char text[ALF_VALUE_TEXT];
  alf_value value = alf_result_value(cell, name);
  if (value.type == ALF_UNKNOWN)
    return;
  alf_value_print(&value, text);
  if (!strcmp(text, nothing))
    return;
  fprintf(line, "%s%s ", *option ? " " : "", option);
  put_word(line, text);
}

static void put_verify(FILE *line, const alf_result *cell, const char *claim)
{
  put_option(line, cell, "-k", "topk", "");
  put_option(line, cell, "--rule", "rule", "");
  put_option(line, cell, "--schedule", "schedule", "");
  put_option(line, cell, "-u", is_word(cell, "u", "usual") ? "step_size" : "u", "");
  put_option(line, cell, "--steps", "steps", "0");
  put_option(line, cell, "--format", "format", "none");
  if (is_word(cell, "arithmetic", "float64"))
    fputs(" --float", line);
  fputs(" --claim ", line);
  put_word(line, claim);
}

static void put_regret(FILE *line, const alf_result *cell)
{
  put_option(line, cell, "-k", "topk", "");
  put_option(line, cell, "--rule", "rule", "");
  put_option(line, cell, "--schedule", "schedule", "");
  put_option(line, cell, "-u", "u", "");
  put_option(line, cell, "--width", "width", "0");
  put_option(line, cell, "--steps", "steps", "");
  put_option(line, cell, "--repetitions", "runs", "");
  if (is_word(cell, "hindsight", "yes"))
    fputs(" --hindsight", line);
}

void alf_page_command(alf_page *page, const alf_results *results, const alf_result *cell, const char *claim)
{
  bool verify = !strcmp(results->kind, "verify"), regret = !strcmp(results->kind, "regret");
  char *text = NULL;
  size_t size = 0;
  if (!verify && !regret)
    return;
  FILE *line = open_memstream(&text, &size);
  page->out_of_memory |= !line;
  if (!line)
    return;
  fprintf(line, "alflab %s", results->kind);
  put_option(line, cell, "", "source", "");
  if (verify)
    put_verify(line, cell, claim);
  else
    put_regret(line, cell);
  fprintf(line, " --seed %" PRId64, cell->seed);
  if (fclose(line) == 0) {
    fputs("<dt>Again<dd><code>", page->file);
    alf_html_text(page->file, text);
    fputs("</code>", page->file);
  } else {
    page->out_of_memory = true;
  }
  free(text);
}
