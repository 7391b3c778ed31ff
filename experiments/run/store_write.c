#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/store.h"

/* The one experiment or cell that is written, statement by statement; the first failure ends it. */
typedef struct writing {
  alf_store *store;
  sqlite3 *db;
  alf_status status;
  alf_error *err;
} writing;

static void fail(writing *w)
{
  if (w->status == ALF_OK)
    w->status = alf_store_fail(w->store, w->err);
}

static void execute(writing *w, const char *sql)
{
  if (w->status == ALF_OK && sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    fail(w);
}

static sqlite3_stmt *prepare(writing *w, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  if (w->status == ALF_OK && sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL) != SQLITE_OK)
    fail(w);
  return statement;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
  sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

static void bind_value(sqlite3_stmt *statement, int place, const alf_value *value)
{
  if (value->type == ALF_REAL)
    sqlite3_bind_double(statement, place, value->real);
  else if (value->type == ALF_WHOLE)
    sqlite3_bind_int64(statement, place, value->whole);
  else if (value->type == ALF_TEXT)
    bind_text(statement, place, value->text);
  else
    sqlite3_bind_null(statement, place);
}

/* Runs the statement and makes it ready for the next row. */
static void run(writing *w, sqlite3_stmt *statement)
{
  if (w->status != ALF_OK)
    return;
  int code = sqlite3_step(statement);
  if (code != SQLITE_DONE && code != SQLITE_ROW)
    fail(w);
  sqlite3_reset(statement);
}

/* The id that the statement selects; 0: none. */
static int64_t select_id(writing *w, sqlite3_stmt *statement)
{
  if (w->status != ALF_OK)
    return 0;
  int code = sqlite3_step(statement);
  int64_t id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    fail(w);
  sqlite3_reset(statement);
  return id;
}

/* All or nothing. */
static alf_status finish(writing *w)
{
  execute(w, "COMMIT");
  if (w->status != ALF_OK)
    sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
  return w->status;
}

static writing begin(alf_store *store, alf_error *err)
{
  writing w = {store, alf_store_connection(store), ALF_OK, err};
  execute(&w, "BEGIN IMMEDIATE");
  return w;
}

/* The statements of alf_store_enter. */
typedef struct entering {
  writing w;
  const alf_plan *plan;
  int64_t experiment;
  alf_named *setting;
  sqlite3_stmt *find, *cell, *setting_row, *member;
} entering;

static void enter_settings(entering *e, int64_t c, int64_t id)
{
  alf_experiment_cell cell = alf_plan_cell_at(e->plan, c, e->setting);
  for (int s = 0; s < cell.settings; s++) {
    sqlite3_bind_int64(e->setting_row, 1, id);
    sqlite3_bind_int(e->setting_row, 2, s);
    bind_text(e->setting_row, 3, cell.setting[s].name);
    bind_value(e->setting_row, 4, &cell.setting[s].value);
    run(&e->w, e->setting_row);
  }
}

static void enter_cell(entering *e, int64_t c)
{
  const alf_plan_cell *cell = &e->plan->cell[c];
  bind_text(e->find, 1, cell->key);
  bind_text(e->find, 2, e->plan->code);
  int64_t id = select_id(&e->w, e->find);
  if (!id) {
    bind_text(e->cell, 1, cell->key);
    bind_text(e->cell, 2, e->plan->code);
    sqlite3_bind_int64(e->cell, 3, cell->repetition);
    sqlite3_bind_int64(e->cell, 4, (int64_t)cell->seed);
    run(&e->w, e->cell);
    id = sqlite3_last_insert_rowid(e->w.db);
    enter_settings(e, c, id);
  }
  sqlite3_bind_int64(e->member, 1, e->experiment);
  sqlite3_bind_int64(e->member, 2, c);
  sqlite3_bind_int64(e->member, 3, id);
  run(&e->w, e->member);
}

static void enter_experiment(entering *e)
{
  const alf_config *config = e->plan->config;
  sqlite3_stmt *row = prepare(&e->w, "INSERT INTO experiment(digest, name, title, kind, code, config, cells) "
                                     "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const char *text[] = {e->plan->digest,          config->name,  config->title,
                        config->experiment->name, e->plan->code, config->text};
  for (int i = 0; i < 6; i++)
    bind_text(row, i + 1, text[i]);
  sqlite3_bind_int64(row, 7, e->plan->cells);
  run(&e->w, row);
  sqlite3_finalize(row);
  sqlite3_stmt *find = prepare(&e->w, "SELECT id FROM experiment WHERE digest = ?");
  bind_text(find, 1, e->plan->digest);
  e->experiment = select_id(&e->w, find);
  sqlite3_finalize(find);
}

alf_status alf_store_enter(alf_store *store, const alf_plan *plan, alf_error *err)
{
  entering e = {.w = begin(store, err), .plan = plan};
  e.setting = calloc((size_t)plan->config->keys, sizeof *e.setting);
  if (!e.setting && e.w.status == ALF_OK)
    e.w.status = alf_fail_memory(err, (size_t)plan->config->keys * sizeof *e.setting);
  enter_experiment(&e);
  e.find = prepare(&e.w, "SELECT id FROM cell WHERE key = ? AND code = ?");
  e.cell = prepare(&e.w, "INSERT INTO cell(key, code, repetition, seed, state) VALUES(?, ?, ?, ?, 'waiting')");
  e.setting_row = prepare(&e.w, "INSERT INTO setting(cell, position, name, value) VALUES(?, ?, ?, ?)");
  e.member = prepare(&e.w, "INSERT INTO member(experiment, position, cell) VALUES(?, ?, ?) ON CONFLICT DO NOTHING");
  for (int64_t c = 0; e.w.status == ALF_OK && c < plan->cells; c++)
    enter_cell(&e, c);
  sqlite3_finalize(e.find);
  sqlite3_finalize(e.cell);
  sqlite3_finalize(e.setting_row);
  sqlite3_finalize(e.member);
  free(e.setting);
  return finish(&e.w);
}

/* The statements of alf_store_record. */
typedef struct recording {
  writing w;
  int64_t cell, metrics;
  int64_t first;   /* row of the first column of the series at hand; those of the others follow */
  int64_t columns; /* of it */
  sqlite3_stmt *metric, *series, *point;
} recording;

static void record_metric(recording *r, const alf_named *metric)
{
  sqlite3_bind_int64(r->metric, 1, r->cell);
  sqlite3_bind_int64(r->metric, 2, r->metrics++);
  bind_text(r->metric, 3, metric->name);
  bind_value(r->metric, 4, &metric->value);
  run(&r->w, r->metric);
}

static void record_series(recording *r, const char *name, const char *columns)
{
  r->columns = 0;
  while (*columns) {
    size_t length = strcspn(columns, ",");
    sqlite3_bind_int64(r->series, 1, r->cell);
    bind_text(r->series, 2, name);
    sqlite3_bind_int64(r->series, 3, r->columns);
    sqlite3_bind_text(r->series, 4, columns, (int)length, SQLITE_TRANSIENT);
    run(&r->w, r->series);
    if (r->columns++ == 0)
      r->first = sqlite3_last_insert_rowid(r->w.db);
    columns += length + (columns[length] == ',');
  }
}

static void record_row(recording *r, const alf_item *item)
{
  for (int64_t v = 0; v < item->values && v < r->columns; v++) {
    if (isnan(item->value[v]))
      continue;
    sqlite3_bind_int64(r->point, 1, r->first + v);
    sqlite3_bind_int64(r->point, 2, item->step);
    sqlite3_bind_double(r->point, 3, item->value[v]);
    run(&r->w, r->point);
  }
}

static void record_outcome(recording *r, const alf_outcome *outcome)
{
  alf_item item;
  r->metric = prepare(&r->w, "INSERT INTO metric(cell, position, name, value) VALUES(?, ?, ?, ?)");
  r->series = prepare(&r->w, "INSERT INTO series(cell, series, position, name) VALUES(?, ?, ?, ?)");
  r->point = prepare(&r->w, "INSERT OR REPLACE INTO point(series, step, value) VALUES(?, ?, ?)");
  for (int64_t at = 0; r->w.status == ALF_OK && alf_outcome_next(outcome, &at, &item);) {
    if (item.type == ALF_ITEM_METRIC)
      record_metric(r, &item.metric);
    else if (item.type == ALF_ITEM_SERIES)
      record_series(r, item.series, item.columns);
    else
      record_row(r, &item);
  }
  sqlite3_finalize(r->metric);
  sqlite3_finalize(r->series);
  sqlite3_finalize(r->point);
}

static void drop_outcome(recording *r)
{
  char sql[300];
  snprintf(sql, sizeof sql,
           "DELETE FROM point WHERE series IN (SELECT id FROM series WHERE cell = %lld);"
           "DELETE FROM series WHERE cell = %lld; DELETE FROM metric WHERE cell = %lld;",
           (long long)r->cell, (long long)r->cell, (long long)r->cell);
  execute(&r->w, sql);
}

static void record_attempt(recording *r, const alf_plan *plan, int64_t c, const alf_attempt *attempt)
{
  sqlite3_stmt *row = prepare(&r->w, "UPDATE cell SET state = ?, message = ?, started = ?, commit_id = ?, seconds = ?, "
                                     "tries = tries + 1 WHERE key = ? AND code = ? RETURNING id");
  const char *text[] = {alf_cell_state_name(attempt->state), attempt->message, attempt->started, attempt->commit};
  for (int i = 0; i < 4; i++)
    bind_text(row, i + 1, text[i]);
  sqlite3_bind_double(row, 5, attempt->seconds);
  bind_text(row, 6, plan->cell[c].key);
  bind_text(row, 7, plan->code);
  r->cell = select_id(&r->w, row);
  sqlite3_finalize(row);
}

alf_status alf_store_record(alf_store *store, const alf_plan *plan, int64_t c, const alf_attempt *attempt,
                            const alf_outcome *outcome, alf_error *err)
{
  if (outcome && outcome->failed)
    return alf_fail(err, ALF_ENOMEM, "out of memory: an outcome could not be built");
  recording r = {.w = begin(store, err)};
  record_attempt(&r, plan, c, attempt);
  if (r.w.status == ALF_OK && r.cell == 0)
    r.w.status = alf_fail(err, ALF_EINVAL, "cell %lld was not entered", (long long)c);
  drop_outcome(&r);
  if (outcome)
    record_outcome(&r, outcome);
  return finish(&r.w);
}
