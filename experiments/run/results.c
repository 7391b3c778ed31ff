#include "run/results.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "run/check.h"

/* A query at work; the first failure ends it. */
typedef struct query {
  const alf_store *store;
  sqlite3_stmt *statement;
  alf_status status;
  alf_error *err;
} query;

static query ask(const alf_store *store, const char *sql, alf_error *err)
{
  query q = {.store = store, .err = err};
  if (sqlite3_prepare_v2(alf_store_connection(store), sql, -1, &q.statement, NULL) != SQLITE_OK)
    q.status = alf_store_fail(store, err);
  return q;
}

static bool next(query *q)
{
  int code = q->status == ALF_OK ? sqlite3_step(q->statement) : SQLITE_DONE;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    q->status = alf_store_fail(q->store, q->err);
  return code == SQLITE_ROW;
}

/* A column as a text that lasts; "" for NULL. */
static const char *text_at(query *q, int column, alf_memory *memory)
{
  const char *text = (const char *)sqlite3_column_text(q->statement, column);
  return alf_memory_text(memory, text ? text : "");
}

static alf_value value_at(query *q, int column, alf_memory *memory)
{
  switch (sqlite3_column_type(q->statement, column)) {
  case SQLITE_INTEGER:
    return alf_value_whole(sqlite3_column_int64(q->statement, column));
  case SQLITE_FLOAT:
    return alf_value_real(sqlite3_column_double(q->statement, column));
  case SQLITE_TEXT:
    return alf_value_text(text_at(q, column, memory));
  default:
    return alf_value_real(NAN);
  }
}

static alf_status end(query *q, const alf_memory *memory)
{
  sqlite3_finalize(q->statement);
  return q->status == ALF_OK ? alf_memory_check(memory, q->err) : q->status;
}

static alf_status read_experiment(alf_results *r, const alf_store *store, const char *digest, int64_t *id,
                                  alf_error *err)
{
  query q =
      ask(store, "SELECT id, digest, name, title, kind, code, config, cells FROM experiment WHERE digest = ?", err);
  sqlite3_bind_text(q.statement, 1, digest, -1, SQLITE_STATIC);
  if (next(&q)) {
    const char **text[] = {&r->digest, &r->name, &r->title, &r->kind, &r->code, &r->config};
    *id = sqlite3_column_int64(q.statement, 0);
    for (int i = 0; i < 6; i++)
      *text[i] = text_at(&q, i + 1, &r->memory);
    r->cells = sqlite3_column_int64(q.statement, 7);
    r->cell = alf_memory_take(&r->memory, (size_t)r->cells + 1, sizeof *r->cell);
  } else if (q.status == ALF_OK) {
    q.status = alf_fail(err, ALF_EEND, "the store has no such experiment: run it first");
  }
  return end(&q, &r->memory);
}

static alf_cell_state state_of(const char *name)
{
  alf_cell_state state = ALF_CELL_TIMEOUT;
  while (state > ALF_CELL_WAITING && strcmp(name, alf_cell_state_name(state)))
    state--;
  return state;
}

#define CELL "SELECT c.id, c.key, c.state, c.message, c.repetition, c.seed, c.started, c.commit_id, c.seconds FROM "

/* A row of the query above. */
static alf_result cell_at(query *q, alf_memory *memory)
{
  const char *state = (const char *)sqlite3_column_text(q->statement, 2);
  return (alf_result){.id = sqlite3_column_int64(q->statement, 0),
                      .key = text_at(q, 1, memory),
                      .state = state_of(state ? state : ""),
                      .message = text_at(q, 3, memory),
                      .repetition = sqlite3_column_int64(q->statement, 4),
                      .seed = sqlite3_column_int64(q->statement, 5),
                      .started = text_at(q, 6, memory),
                      .commit = text_at(q, 7, memory),
                      .seconds = sqlite3_column_double(q->statement, 8)};
}

static alf_status read_cells(alf_results *r, const alf_store *store, int64_t id, alf_error *err)
{
  query q = ask(store, CELL "member m JOIN cell c ON c.id = m.cell WHERE m.experiment = ? ORDER BY m.position", err);
  int64_t c = 0;
  sqlite3_bind_int64(q.statement, 1, id);
  for (; c < r->cells && !r->memory.missing && next(&q); c++)
    r->cell[c] = cell_at(&q, &r->memory);
  if (q.status == ALF_OK && !r->memory.missing && c < r->cells)
    q.status = alf_fail(err, ALF_EFORMAT, "experiment %.20s: %lld cells, expected %lld", r->digest, (long long)c,
                        (long long)r->cells);
  return end(&q, &r->memory);
}

/* Settings or metrics of one cell, by two queries that stay prepared. */
static alf_status read_values(alf_results *r, const alf_store *store, bool metrics, alf_error *err)
{
  query q = ask(store,
                metrics ? "SELECT name, value, count(*) OVER () FROM metric WHERE cell = ? ORDER BY position"
                        : "SELECT name, value, count(*) OVER () FROM setting WHERE cell = ? ORDER BY position",
                err);
  for (int64_t c = 0; q.status == ALF_OK && c < r->cells && !r->memory.missing; c++) {
    alf_named *list = NULL;
    int count = 0;
    sqlite3_bind_int64(q.statement, 1, r->cell[c].id);
    while (next(&q)) {
      if (!list)
        list = alf_memory_take(&r->memory, (size_t)sqlite3_column_int64(q.statement, 2), sizeof *list);
      if (!list)
        break;
      list[count++] = (alf_named){text_at(&q, 0, &r->memory), value_at(&q, 1, &r->memory)};
    }
    sqlite3_reset(q.statement);
    *(metrics ? &r->cell[c].metrics : &r->cell[c].settings) = count;
    *(metrics ? &r->cell[c].metric : &r->cell[c].setting) = list;
  }
  return end(&q, &r->memory);
}

/* One state of the store, whatever is written meanwhile. */
static alf_status read_all(alf_results *r, const alf_store *store, const char *digest, alf_error *err)
{
  int64_t id = 0;
  alf_status status = read_experiment(r, store, digest, &id, err);
  if (status == ALF_OK)
    status = read_cells(r, store, id, err);
  if (status == ALF_OK)
    status = read_values(r, store, false, err);
  return status == ALF_OK ? read_values(r, store, true, err) : status;
}

alf_status alf_results_read(alf_results *r, const alf_store *store, const char *digest, alf_error *err)
{
  *r = (alf_results){0};
  if (sqlite3_exec(alf_store_connection(store), "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    return alf_store_fail(store, err);
  alf_status status = read_all(r, store, digest, err);
  sqlite3_exec(alf_store_connection(store), "COMMIT", NULL, NULL, NULL);
  return status;
}

/* What the plan itself says of its cells: they wait. */
static alf_status start_from_plan(alf_results *r, const alf_plan *plan, alf_error *err)
{
  const alf_config *config = plan->config;
  *r = (alf_results){.digest = plan->digest,
                     .name = config->name,
                     .title = config->title,
                     .kind = config->experiment->name,
                     .code = plan->code,
                     .config = config->text,
                     .cells = plan->cells};
  r->cell = alf_memory_take(&r->memory, (size_t)plan->cells + 1, sizeof *r->cell);
  alf_named *setting = alf_memory_take(&r->memory, (size_t)plan->cells * (size_t)config->keys, sizeof *setting);
  for (int64_t c = 0; c < plan->cells && setting && r->cell; c++) {
    alf_plan_cell_at(plan, c, setting + c * config->keys);
    r->cell[c] = (alf_result){.key = plan->cell[c].key,
                              .message = "",
                              .repetition = plan->cell[c].repetition,
                              .seed = (int64_t)plan->cell[c].seed,
                              .settings = config->keys,
                              .setting = setting + c * config->keys,
                              .started = "",
                              .commit = ""};
  }
  return alf_memory_check(&r->memory, err);
}

static alf_status look_cells_up(alf_results *r, const alf_store *store, alf_error *err)
{
  query q = ask(store, CELL "cell c WHERE c.key = ? AND c.code = ?", err);
  for (int64_t c = 0; q.status == ALF_OK && c < r->cells && !r->memory.missing; c++) {
    alf_result *cell = &r->cell[c], found;
    sqlite3_bind_text(q.statement, 1, cell->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(q.statement, 2, r->code, -1, SQLITE_STATIC);
    if (next(&q)) {
      found = cell_at(&q, &r->memory);
      found.settings = cell->settings;
      found.setting = cell->setting;
      *cell = found;
    }
    sqlite3_reset(q.statement);
  }
  return end(&q, &r->memory);
}

alf_status alf_results_of_plan(alf_results *r, const alf_store *store, const alf_plan *plan, alf_error *err)
{
  alf_status status = start_from_plan(r, plan, err);
  if (status != ALF_OK || !store)
    return status;
  if (sqlite3_exec(alf_store_connection(store), "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    return alf_store_fail(store, err);
  status = look_cells_up(r, store, err);
  if (status == ALF_OK)
    status = read_values(r, store, true, err);
  sqlite3_exec(alf_store_connection(store), "COMMIT", NULL, NULL, NULL);
  return status;
}

void alf_results_free(alf_results *r)
{
  alf_memory_free(&r->memory);
  *r = (alf_results){0};
}

bool alf_result_same_settings(const alf_result *a, const alf_result *b)
{
  bool same = a->settings == b->settings;
  for (int s = 0; same && s < a->settings; s++)
    same = alf_value_same(&a->setting[s].value, &b->setting[s].value);
  return same;
}

static const alf_value *find(const alf_named *list, int count, const char *name)
{
  for (int i = 0; i < count; i++)
    if (!strcmp(list[i].name, name))
      return &list[i].value;
  return NULL;
}

alf_value alf_result_value(const alf_result *result, const char *name)
{
  const alf_value *value = find(result->metric, result->metrics, name);
  value = value ? value : find(result->setting, result->settings, name);
  return value ? *value : alf_value_real(NAN);
}

double alf_result_real(const alf_result *result, const char *name)
{
  return alf_result_value(result, name).real;
}

alf_status alf_store_list(alf_store_entries *list, const alf_store *store, alf_error *err)
{
  *list = (alf_store_entries){0};
  query q =
      ask(store,
          "SELECT digest, name, title, kind, code, cells, (SELECT count(*) FROM member m JOIN cell c ON c.id = "
          "m.cell WHERE m.experiment = e.id AND c.state = 'done'), count(*) OVER () FROM experiment e ORDER BY id",
          err);
  while (next(&q)) {
    if (!list->entry)
      list->entry = alf_memory_take(&list->memory, (size_t)sqlite3_column_int64(q.statement, 7), sizeof *list->entry);
    if (!list->entry)
      break;
    alf_store_entry *e = &list->entry[list->count++];
    const char **text[] = {&e->digest, &e->name, &e->title, &e->kind, &e->code};
    for (int i = 0; i < 5; i++)
      *text[i] = text_at(&q, i, &list->memory);
    e->cells = sqlite3_column_int64(q.statement, 5);
    e->done = sqlite3_column_int64(q.statement, 6);
  }
  return end(&q, &list->memory);
}

void alf_store_entries_free(alf_store_entries *list)
{
  alf_memory_free(&list->memory);
  *list = (alf_store_entries){0};
}
