#include <math.h>
#include <sqlite3.h>

#include "run/check.h"
#include "run/results.h"

/* Steps of any of its columns, in order. */
static const char steps_sql[] = "SELECT DISTINCT step FROM point WHERE series IN "
                                "(SELECT id FROM series WHERE cell = ?1 AND series = ?2) ORDER BY step";
static const char count_sql[] = "SELECT count(DISTINCT step) FROM point WHERE series IN (SELECT id FROM series WHERE "
                                "cell = ?1 AND series = ?2)";
static const char columns_sql[] = "SELECT name, id, count(*) OVER () FROM series WHERE cell = ?1 AND series = ?2 ORDER "
                                  "BY position";
static const char points_sql[] = "SELECT step, value FROM point WHERE series = ?1 ORDER BY step";

static alf_status prepare(const alf_store *store, const char *sql, sqlite3_stmt **statement, alf_error *err)
{
  *statement = NULL;
  if (sqlite3_prepare_v2(alf_store_connection(store), sql, -1, statement, NULL) == SQLITE_OK)
    return ALF_OK;
  return alf_store_fail(store, err);
}

static alf_status prepare_for(const alf_store *store, const char *sql, const alf_result *result, const char *name,
                              sqlite3_stmt **statement, alf_error *err)
{
  alf_status status = prepare(store, sql, statement, err);
  sqlite3_bind_int64(*statement, 1, result->id);
  sqlite3_bind_text(*statement, 2, name, -1, SQLITE_STATIC);
  return status;
}

static alf_status read_columns(alf_series *s, sqlite3_stmt *statement, int64_t **id, alf_error *err)
{
  while (sqlite3_step(statement) == SQLITE_ROW) {
    size_t count = (size_t)sqlite3_column_int64(statement, 2);
    if (!s->column) {
      s->column = alf_memory_take(&s->memory, count, sizeof *s->column);
      *id = alf_memory_take(&s->memory, count, sizeof **id);
    }
    if (s->memory.missing)
      break;
    s->column[s->columns] = alf_memory_text(&s->memory, (const char *)sqlite3_column_text(statement, 0));
    (*id)[s->columns++] = sqlite3_column_int64(statement, 1);
  }
  return alf_memory_check(&s->memory, err);
}

static alf_status read_steps(alf_series *s, sqlite3_stmt *count, sqlite3_stmt *steps, alf_error *err)
{
  int64_t rows = sqlite3_step(count) == SQLITE_ROW ? sqlite3_column_int64(count, 0) : 0;
  s->step = alf_memory_take(&s->memory, (size_t)rows + 1, sizeof *s->step);
  s->value = alf_memory_take(&s->memory, (size_t)(rows + 1) * (size_t)(s->columns + 1), sizeof *s->value);
  while (!s->memory.missing && s->rows < rows && sqlite3_step(steps) == SQLITE_ROW)
    s->step[s->rows++] = sqlite3_column_int64(steps, 0);
  for (int64_t i = 0; i < s->rows * s->columns && !s->memory.missing; i++)
    s->value[i] = NAN;
  return alf_memory_check(&s->memory, err);
}

static void read_points(alf_series *s, sqlite3_stmt *points, int column, int64_t id)
{
  int64_t row = 0;
  sqlite3_bind_int64(points, 1, id);
  while (sqlite3_step(points) == SQLITE_ROW) {
    int64_t step = sqlite3_column_int64(points, 0);
    while (row < s->rows && s->step[row] < step)
      row++;
    if (row < s->rows)
      s->value[row * s->columns + column] = sqlite3_column_double(points, 1);
  }
  sqlite3_reset(points);
}

alf_status alf_series_read(alf_series *s, const alf_store *store, const alf_result *result, const char *name,
                           alf_error *err)
{
  sqlite3_stmt *columns = NULL, *count = NULL, *steps = NULL, *points = NULL;
  int64_t *id = NULL;
  *s = (alf_series){0};
  alf_status status = prepare_for(store, columns_sql, result, name, &columns, err);
  if (status == ALF_OK)
    status = prepare_for(store, count_sql, result, name, &count, err);
  if (status == ALF_OK)
    status = prepare_for(store, steps_sql, result, name, &steps, err);
  if (status == ALF_OK)
    status = prepare(store, points_sql, &points, err);
  if (status == ALF_OK)
    status = read_columns(s, columns, &id, err);
  if (status == ALF_OK)
    status = read_steps(s, count, steps, err);
  for (int c = 0; status == ALF_OK && c < s->columns; c++)
    read_points(s, points, c, id[c]);
  sqlite3_finalize(columns);
  sqlite3_finalize(count);
  sqlite3_finalize(steps);
  sqlite3_finalize(points);
  return status;
}

void alf_series_free(alf_series *s)
{
  alf_memory_free(&s->memory);
  *s = (alf_series){0};
}
