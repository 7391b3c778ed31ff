#include "run/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/new_file.h"

/* RFC 4180: quoted where it has to be. */
static void put_text(FILE *csv, const char *text)
{
  if (!strpbrk(text, ",\"\n\r")) {
    fputs(text, csv);
    return;
  }
  putc('"', csv);
  for (; *text; text++) {
    if (*text == '"')
      putc('"', csv);
    putc(*text, csv);
  }
  putc('"', csv);
}

static void put_value(FILE *csv, const alf_value *value)
{
  if (value->type == ALF_TEXT)
    put_text(csv, value->text);
  else if (value->type == ALF_WHOLE)
    fprintf(csv, "%" PRId64, value->whole);
  else if (value->type == ALF_REAL)
    fprintf(csv, "%.17g", value->real);
}

/* Names of metrics, each once, in the order of the cells. */
typedef struct columns {
  bool times; /* seconds are among them, too */
  int count;
  const char **name;
} columns;

static bool is_shown(bool times, const char *name)
{
  return times || !alf_is_time(name);
}

static bool has_column(const columns *c, const char *name)
{
  for (int i = 0; i < c->count; i++)
    if (!strcmp(c->name[i], name))
      return true;
  return false;
}

static alf_status find_columns(const alf_results *r, columns *c, alf_error *err)
{
  for (int64_t i = 0; i < r->cells; i++) {
    const alf_result *cell = &r->cell[i];
    const char **grown = realloc(c->name, (size_t)(c->count + cell->metrics + 1) * sizeof *grown);
    if (!grown)
      return alf_fail_memory(err, (size_t)(c->count + cell->metrics + 1) * sizeof *grown);
    c->name = grown;
    for (int m = 0; m < cell->metrics; m++)
      if (is_shown(c->times, cell->metric[m].name) && !has_column(c, cell->metric[m].name))
        c->name[c->count++] = cell->metric[m].name;
  }
  return ALF_OK;
}

/* The value of that metric; most cells have theirs at the same place. */
static const alf_value *metric_of(const alf_result *cell, const char *name, int place)
{
  if (place < cell->metrics && !strcmp(cell->metric[place].name, name))
    return &cell->metric[place].value;
  for (int m = 0; m < cell->metrics; m++)
    if (!strcmp(cell->metric[m].name, name))
      return &cell->metric[m].value;
  return NULL;
}

static void put_settings(FILE *csv, const alf_result *cell)
{
  for (int s = 0; s < cell->settings; s++) {
    put_value(csv, &cell->setting[s].value);
    putc(',', csv);
  }
  fprintf(csv, "%" PRId64, cell->repetition);
}

static void put_header(FILE *csv, const alf_results *r)
{
  for (int s = 0; r->cells > 0 && s < r->cell[0].settings; s++)
    fprintf(csv, "%s,", r->cell[0].setting[s].name);
  fprintf(csv, "repetition");
}

static void put_times(FILE *csv, const alf_results *r, const alf_result *cell)
{
  if (*cell->started)
    fprintf(csv, ",%.6f,%s,%s,%s", cell->seconds, cell->started, cell->commit, r->code);
  else
    fputs(",,,,", csv);
}

static void put_cells(FILE *csv, const alf_results *r, const columns *c)
{
  put_header(csv, r);
  fprintf(csv, ",seed,state");
  for (int i = 0; i < c->count; i++) {
    putc(',', csv);
    put_text(csv, c->name[i]);
  }
  fprintf(csv, c->times ? ",cell_seconds,started,commit,code\n" : "\n");
  for (int64_t i = 0; i < r->cells; i++) {
    const alf_result *cell = &r->cell[i];
    put_settings(csv, cell);
    fprintf(csv, ",%" PRId64 ",%s", cell->seed, alf_cell_state_name(cell->state));
    for (int m = 0; m < c->count; m++) {
      const alf_value *value = metric_of(cell, c->name[m], m);
      putc(',', csv);
      if (value)
        put_value(csv, value);
    }
    if (c->times)
      put_times(csv, r, cell);
    putc('\n', csv);
  }
}

alf_status alf_export_cells(const alf_results *results, const char *path, bool times, alf_error *err)
{
  columns c = {.times = times};
  alf_new_file csv = {0};
  alf_status status = find_columns(results, &c, err);
  if (status == ALF_OK)
    status = alf_new_file_open(&csv, path, err);
  if (status == ALF_OK) {
    put_cells(csv.file, results, &c);
    status = alf_new_file_commit(&csv, err);
  }
  alf_new_file_close(&csv);
  free(c.name);
  return status;
}

static void put_series(FILE *csv, const alf_result *cell, const alf_series *s, bool times)
{
  for (int64_t row = 0; row < s->rows; row++) {
    put_settings(csv, cell);
    fprintf(csv, ",%" PRId64, s->step[row]);
    for (int c = 0; c < s->columns; c++) {
      alf_value value = alf_value_real(s->value[row * s->columns + c]);
      if (!is_shown(times, s->column[c]))
        continue;
      putc(',', csv);
      put_value(csv, &value);
    }
    putc('\n', csv);
  }
}

static void put_series_header(FILE *csv, const alf_results *r, const alf_series *s, bool times)
{
  put_header(csv, r);
  fprintf(csv, ",step");
  for (int c = 0; c < s->columns; c++)
    if (is_shown(times, s->column[c]))
      fprintf(csv, ",%s", s->column[c]);
  putc('\n', csv);
}

alf_status alf_export_series(const alf_results *results, const alf_store *store, const char *name, const char *path,
                             bool times, alf_error *err)
{
  alf_new_file csv = {0};
  bool any = false;
  alf_status status = alf_new_file_open(&csv, path, err);
  for (int64_t i = 0; status == ALF_OK && i < results->cells; i++) {
    alf_series s;
    status = alf_series_read(&s, store, &results->cell[i], name, err);
    if (status == ALF_OK && s.columns > 0 && !any)
      put_series_header(csv.file, results, &s, times);
    any = any || s.columns > 0;
    if (status == ALF_OK)
      put_series(csv.file, &results->cell[i], &s, times);
    alf_series_free(&s);
  }
  if (status == ALF_OK && !any)
    status = alf_fail(err, ALF_EINVAL, "no cell has a series %.100s", name);
  if (status == ALF_OK)
    status = alf_new_file_commit(&csv, err);
  alf_new_file_close(&csv);
  return status;
}
