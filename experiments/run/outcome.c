#include "run/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/grow.h"

/* Every item is a head, then so many bytes, filled up to a multiple of 8: doubles stay aligned. */
typedef struct head {
  int64_t type; /* alf_item_type */
  int64_t of;   /* alf_value_type of a metric, step of a row */
  int64_t name; /* bytes of the first text with its end, or doubles of a row */
  int64_t size; /* bytes behind the head */
} head;

alf_value alf_value_real(double real)
{
  return (alf_value){.type = isnan(real) ? ALF_UNKNOWN : ALF_REAL, .real = real};
}

alf_value alf_value_whole(int64_t whole)
{
  return (alf_value){.type = ALF_WHOLE, .real = (double)whole, .whole = whole};
}

alf_value alf_value_text(const char *text)
{
  return (alf_value){.type = ALF_TEXT, .real = NAN, .text = text};
}

bool alf_value_same(const alf_value *a, const alf_value *b)
{
  if (a->type != b->type)
    return false;
  if (a->type == ALF_TEXT)
    return !strcmp(a->text, b->text);
  return a->type == ALF_UNKNOWN || (a->type == ALF_WHOLE ? a->whole == b->whole : a->real == b->real);
}

static void add(alf_outcome *o, head h, const void *first, int64_t first_size, const void *second, int64_t second_size)
{
  int64_t used = first_size + second_size;
  h.size = (used + 7) / 8 * 8;
  char *grown = o->failed ? NULL : alf_grow(o->bytes, &o->room, o->length + (int64_t)sizeof h + h.size, 1);
  o->failed = !grown;
  if (!grown)
    return;
  o->bytes = grown;
  char *to = o->bytes + o->length;
  memcpy(to, &h, sizeof h);
  memcpy(to + sizeof h, first, (size_t)first_size);
  if (second_size)
    memcpy(to + sizeof h + first_size, second, (size_t)second_size);
  memset(to + sizeof h + used, 0, (size_t)(h.size - used));
  o->length += (int64_t)sizeof h + h.size;
}

static void add_metric(alf_outcome *o, alf_value_type type, const char *name, const void *value, int64_t size)
{
  int64_t length = (int64_t)strlen(name) + 1;
  add(o, (head){.type = ALF_ITEM_METRIC, .of = type, .name = length}, name, length, value, size);
}

void alf_outcome_real(alf_outcome *o, const char *name, double value)
{
  add_metric(o, isnan(value) ? ALF_UNKNOWN : ALF_REAL, name, &value, sizeof value);
}

void alf_outcome_whole(alf_outcome *o, const char *name, int64_t value)
{
  add_metric(o, ALF_WHOLE, name, &value, sizeof value);
}

void alf_outcome_text(alf_outcome *o, const char *name, const char *text)
{
  add_metric(o, ALF_TEXT, name, text, (int64_t)strlen(text) + 1);
}

void alf_outcome_series(alf_outcome *o, const char *name, const char *columns)
{
  int64_t length = (int64_t)strlen(name) + 1;
  add(o, (head){.type = ALF_ITEM_SERIES, .name = length}, name, length, columns, (int64_t)strlen(columns) + 1);
}

void alf_outcome_row(alf_outcome *o, int64_t step, const double *value, int columns)
{
  add(o, (head){.type = ALF_ITEM_ROW, .of = step, .name = columns}, value, columns * (int64_t)sizeof *value, NULL, 0);
}

static alf_value value_of(const head *h, const char *at)
{
  double real;
  int64_t whole;
  if (h->of == ALF_TEXT)
    return alf_value_text(at);
  memcpy(&real, at, sizeof real);
  memcpy(&whole, at, sizeof whole);
  return h->of == ALF_WHOLE ? alf_value_whole(whole) : alf_value_real(real);
}

bool alf_outcome_next(const alf_outcome *o, int64_t *offset, alf_item *item)
{
  head h;
  if (*offset >= o->length)
    return false;
  const char *at = o->bytes + *offset;
  memcpy(&h, at, sizeof h);
  at += sizeof h;
  *item = (alf_item){.type = (alf_item_type)h.type};
  if (h.type == ALF_ITEM_METRIC)
    item->metric = (alf_named){at, value_of(&h, at + h.name)};
  if (h.type == ALF_ITEM_SERIES) {
    item->series = at;
    item->columns = at + h.name;
  }
  if (h.type == ALF_ITEM_ROW) {
    item->step = h.of;
    item->values = h.name;
    item->value = (const double *)(const void *)at;
  }
  *offset += (int64_t)sizeof h + h.size;
  return true;
}

bool alf_is_time(const char *name)
{
  size_t length = strlen(name);
  return length >= 7 && !strcmp(name + length - 7, "seconds");
}

void alf_outcome_free(alf_outcome *o)
{
  free(o->bytes);
  *o = (alf_outcome){0};
}
