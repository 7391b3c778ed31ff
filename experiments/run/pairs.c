#include "run/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/check.h"
#include "run/digest.h"
#include "run/values.h"

/* A cell of one store, by what it is. */
typedef struct known {
  char identity[ALF_DIGEST_TEXT];
  const char *experiment, *kind;
  const alf_result *result;
} known;

typedef struct list {
  int64_t count;
  known *cell;
} list;

static void identify(const char *kind, const alf_result *r, char identity[ALF_DIGEST_TEXT])
{
  alf_digest digest;
  char text[ALF_VALUE_TEXT], subject[ALF_SUBJECT_TEXT];
  alf_judged_subject(r, subject);
  alf_digest_start(&digest);
  alf_digest_add_text(&digest, kind);
  for (int s = 0; s < r->settings; s++) {
    alf_value_print(&r->setting[s].value, text);
    alf_digest_add_text(&digest, r->setting[s].name);
    alf_digest_add_text(&digest, strcmp(r->setting[s].name, "rule") ? text : subject);
  }
  snprintf(text, sizeof text, "%lld of %lld", (long long)r->repetition, (long long)r->seed);
  alf_digest_add_text(&digest, text);
  alf_digest_finish(&digest, identity);
}

/* Of one identity the one that was run last comes first. */
static int compare_known(const void *a, const void *b)
{
  const known *x = a, *y = b;
  int order = strcmp(x->identity, y->identity);
  if (!order)
    order = strcmp(y->result->started, x->result->started);
  return order ? order : (y->result->id > x->result->id) - (y->result->id < x->result->id);
}

static void note_last(alf_pairs_side *side, const alf_result *r)
{
  if (strcmp(r->started, side->started) < 0)
    return;
  side->started = r->started;
  side->commit = r->commit;
}

/* Every cell that was run, once. */
static alf_status collect(alf_pairs_side *side, list *cells, alf_error *err)
{
  int64_t most = 1, kept = 0;
  for (int64_t e = 0; e < side->entries.count; e++)
    most += side->results[e].cells;
  cells->cell = calloc((size_t)most, sizeof *cells->cell);
  if (!cells->cell)
    return alf_fail_memory(err, (size_t)most * sizeof *cells->cell);
  for (int64_t e = 0; e < side->entries.count; e++)
    for (int64_t c = 0; c < side->results[e].cells; c++) {
      const alf_result *r = &side->results[e].cell[c];
      if (r->state == ALF_CELL_WAITING)
        continue;
      known *cell = &cells->cell[cells->count++];
      *cell = (known){.experiment = side->results[e].name, .kind = side->results[e].kind, .result = r};
      identify(cell->kind, r, cell->identity);
      note_last(side, r);
    }
  qsort(cells->cell, (size_t)cells->count, sizeof *cells->cell, compare_known);
  for (int64_t c = 0; c < cells->count; c++)
    if (kept == 0 || strcmp(cells->cell[kept - 1].identity, cells->cell[c].identity))
      cells->cell[kept++] = cells->cell[c];
  side->cells = cells->count = kept;
  return ALF_OK;
}

static alf_status read_side(alf_pairs_side *side, const alf_store *store, alf_error *err)
{
  side->started = side->commit = "";
  alf_status status = alf_store_list(&side->entries, store, err);
  if (status != ALF_OK)
    return status;
  side->results = calloc((size_t)side->entries.count + 1, sizeof *side->results);
  if (!side->results)
    return alf_fail_memory(err, (size_t)side->entries.count * sizeof *side->results);
  for (int64_t e = 0; status == ALF_OK && e < side->entries.count; e++)
    status = alf_results_read(&side->results[e], store, side->entries.entry[e].digest, err);
  return status;
}

static int compare_pairs(const void *a, const void *b)
{
  const alf_pair *x = a, *y = b;
  int order = strcmp(x->experiment, y->experiment);
  if (!order)
    order = strcmp(x->kind, y->kind);
  if (!order)
    order = strcmp(x->subject, y->subject);
  return order ? order : strcmp(x->identity, y->identity);
}

static void add_pair(alf_pairs *pairs, const known *base, const known *fresh)
{
  char subject[ALF_SUBJECT_TEXT];
  alf_judged_subject(base->result, subject);
  pairs->pair[pairs->count++] = (alf_pair){.experiment = base->experiment,
                                           .kind = base->kind,
                                           .subject = alf_memory_text(&pairs->memory, subject),
                                           .identity = alf_memory_text(&pairs->memory, base->identity),
                                           .base = base->result,
                                           .fresh = fresh->result};
  pairs->files_differ += strcmp(base->result->key, fresh->result->key) != 0;
}

static alf_status merge(alf_pairs *pairs, const list *base, const list *fresh, alf_error *err)
{
  pairs->pair = alf_memory_take(&pairs->memory, (size_t)base->count + 1, sizeof *pairs->pair);
  for (int64_t b = 0, f = 0; pairs->pair && b < base->count && f < fresh->count;) {
    int order = strcmp(base->cell[b].identity, fresh->cell[f].identity);
    if (order == 0)
      add_pair(pairs, &base->cell[b], &fresh->cell[f]);
    b += order <= 0;
    f += order >= 0;
  }
  alf_status status = alf_memory_check(&pairs->memory, err);
  if (status == ALF_OK)
    qsort(pairs->pair, (size_t)pairs->count, sizeof *pairs->pair, compare_pairs);
  return status;
}

alf_status alf_pairs_read(alf_pairs *pairs, const alf_store *base, const alf_store *fresh, alf_error *err)
{
  list of_base = {0}, of_fresh = {0};
  *pairs = (alf_pairs){0};
  alf_status status = read_side(&pairs->base, base, err);
  if (status == ALF_OK)
    status = read_side(&pairs->fresh, fresh, err);
  if (status == ALF_OK)
    status = collect(&pairs->base, &of_base, err);
  if (status == ALF_OK)
    status = collect(&pairs->fresh, &of_fresh, err);
  if (status == ALF_OK)
    status = merge(pairs, &of_base, &of_fresh, err);
  free(of_base.cell);
  free(of_fresh.cell);
  return status;
}

static void free_side(alf_pairs_side *side)
{
  for (int64_t e = 0; side->results && e < side->entries.count; e++)
    alf_results_free(&side->results[e]);
  free(side->results);
  alf_store_entries_free(&side->entries);
}

void alf_pairs_free(alf_pairs *pairs)
{
  free_side(&pairs->base);
  free_side(&pairs->fresh);
  alf_memory_free(&pairs->memory);
  *pairs = (alf_pairs){0};
}
