#include "run/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define APPLICATION 0x616c6662 /* "alfb": what the file says it belongs to */
#define PATIENCE    30000      /* ms to wait for another process that writes */

struct alf_store {
  sqlite3 *db;
  char *path;
  alf_store_mode mode;
  bool ours; /* it is a store, and open */
};

static const char *const state_names[] = {"waiting", "done", "failed", "timeout"};

const char *alf_cell_state_name(alf_cell_state state)
{
  return state_names[state];
}

/* A cell is a row for each version of the code. Values are of any type: whole, real, text; NULL is not known. */
static const char schema[] =
    "CREATE TABLE experiment(id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, title TEXT NOT "
    "NULL, kind TEXT NOT NULL, code TEXT NOT NULL, config TEXT NOT NULL, cells INTEGER NOT NULL) STRICT;"
    "CREATE TABLE cell(id INTEGER PRIMARY KEY, key TEXT NOT NULL, code TEXT NOT NULL, repetition INTEGER NOT NULL, "
    "seed "
    "INTEGER NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0, "
    "seconds REAL, started TEXT, commit_id TEXT, UNIQUE(key, code)) STRICT;"
    "CREATE TABLE member(experiment INTEGER NOT NULL REFERENCES experiment, position INTEGER NOT NULL, cell INTEGER "
    "NOT "
    "NULL REFERENCES cell, PRIMARY KEY(experiment, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE setting(cell INTEGER NOT NULL REFERENCES cell, position INTEGER NOT NULL, name TEXT NOT NULL, value "
    "ANY, PRIMARY KEY(cell, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE metric(cell INTEGER NOT NULL REFERENCES cell, position INTEGER NOT NULL, name TEXT NOT NULL, value "
    "ANY, PRIMARY KEY(cell, position), UNIQUE(cell, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cell, series TEXT NOT NULL, position "
    "INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(cell, series, position)) STRICT;"
    "CREATE TABLE point(series INTEGER NOT NULL REFERENCES series, step INTEGER NOT NULL, value REAL NOT NULL, PRIMARY "
    "KEY(series, step)) STRICT, WITHOUT ROWID;"
    "CREATE VIEW results AS SELECT e.name AS experiment, m.position, v.name, v.value FROM experiment e JOIN member m "
    "ON "
    "m.experiment = e.id JOIN (SELECT cell, name, value FROM setting UNION ALL SELECT cell, name, value FROM metric) v "
    "ON v.cell = m.cell;"
    "CREATE VIEW curves AS SELECT e.name AS experiment, m.position, s.series, s.name, p.step, p.value FROM experiment "
    "e "
    "JOIN member m ON m.experiment = e.id JOIN series s ON s.cell = m.cell JOIN point p ON p.series = s.id;";

void *alf_store_connection(const alf_store *store)
{
  return store->db;
}

alf_status alf_store_fail(const alf_store *store, alf_error *err)
{
  int code = sqlite3_errcode(store->db);
  alf_status status = code == SQLITE_NOMEM                              ? ALF_ENOMEM
                      : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ALF_EFORMAT
                                                                        : ALF_EIO;
  return alf_fail(err, status, "%.300s: %s%s", store->path, sqlite3_errmsg(store->db),
                  code == SQLITE_NOTADB ? ": expected a store of alflab run" : "");
}

static alf_status execute(const alf_store *store, const char *sql, alf_error *err)
{
  return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ALF_OK : alf_store_fail(store, err);
}

static alf_status ask(const alf_store *store, const char *sql, int64_t *answer, alf_error *err)
{
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return alf_store_fail(store, err);
  bool row = sqlite3_step(statement) == SQLITE_ROW;
  *answer = row ? sqlite3_column_int64(statement, 0) : 0;
  alf_status status = row ? ALF_OK : alf_store_fail(store, err);
  sqlite3_finalize(statement);
  return status;
}

/* An empty file becomes a store. */
static alf_status create(const alf_store *store, alf_error *err)
{
  char mark[100];
  snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION, ALF_STORE_SCHEMA);
  alf_status status = execute(store, schema, err);
  return status == ALF_OK ? execute(store, mark, err) : status;
}

static alf_status check_schema(const alf_store *store, int64_t application, alf_error *err)
{
  int64_t version = 0;
  alf_status status = ask(store, "PRAGMA user_version", &version, err);
  if (status == ALF_OK && application != APPLICATION)
    return alf_fail(err, ALF_EFORMAT, "%.300s: is an SQLite file, but no store of alflab", store->path);
  if (status == ALF_OK && version != ALF_STORE_SCHEMA)
    return alf_fail(err, ALF_EFORMAT, "%.300s: is a store of schema %lld, expected %d: name another file", store->path,
                    (long long)version, ALF_STORE_SCHEMA);
  return status;
}

static alf_status create_or_check(const alf_store *store, alf_error *err)
{
  int64_t application = 0, tables = 0;
  bool writes = store->mode == ALF_STORE_WRITE;
  alf_status status = execute(store, writes ? "BEGIN IMMEDIATE" : "BEGIN", err);
  if (status != ALF_OK)
    return status;
  status = ask(store, "PRAGMA application_id", &application, err);
  if (status == ALF_OK)
    status = ask(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
  if (status == ALF_OK && writes && application == 0 && tables == 0)
    status = create(store, err);
  else if (status == ALF_OK)
    status = check_schema(store, application, err);
  if (status == ALF_OK)
    return execute(store, "COMMIT", err);
  execute(store, "ROLLBACK", NULL);
  return status;
}

/* What SQLite would call "unable to open database file" has a reason. */
static alf_status check_file(const char *path, alf_store_mode mode, alf_error *err)
{
  struct stat about;
  if (stat(path, &about) != 0 && (mode == ALF_STORE_READ || errno != ENOENT))
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
    return alf_fail(err, ALF_EIO, "%.300s: is not a regular file", path);
  return ALF_OK;
}

static alf_status open_file(alf_store *store, alf_error *err)
{
  bool writes = store->mode == ALF_STORE_WRITE;
  int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  alf_status status = check_file(store->path, store->mode, err);
  if (status != ALF_OK)
    return status;
  if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
    return alf_store_fail(store, err);
  sqlite3_busy_timeout(store->db, PATIENCE);
  if (writes && sqlite3_db_readonly(store->db, "main") == 1)
    return alf_fail(err, ALF_EIO, "%.300s: cannot be written", store->path);
  status = create_or_check(store, err);
  if (status == ALF_OK && writes) { /* where a reader is in the way it stays a rollback journal, which does as well */
    execute(store, "PRAGMA journal_mode = WAL", NULL);
    status = execute(store, "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON", err);
  }
  return status;
}

alf_status alf_store_open(alf_store **opened, const char *path, alf_store_mode mode, alf_error *err)
{
  *opened = NULL;
  alf_store *store = calloc(1, sizeof *store);
  if (!store)
    return alf_fail_memory(err, sizeof *store);
  store->mode = mode;
  store->path = strdup(path);
  alf_status status = store->path ? open_file(store, err) : alf_fail_memory(err, strlen(path) + 1);
  store->ours = status == ALF_OK;
  if (status == ALF_OK)
    *opened = store;
  else
    alf_store_close(store);
  return status;
}

void alf_store_close(alf_store *store)
{
  if (!store)
    return;
  if (store->ours && store->mode == ALF_STORE_WRITE) {
    sqlite3_busy_timeout(store->db, 0); /* another process has it open: the last one to close does it */
    sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
  }
  sqlite3_close(store->db);
  free(store->path);
  free(store);
}
