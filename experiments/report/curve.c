#include "report/curve.h"

#include <math.h>
#include <stdlib.h>

#include "core/grow.h"

alf_status alf_curve_add(alf_curve *c, double x, double y, alf_error *err)
{
  if (!isfinite(x) || !isfinite(y))
    return ALF_OK;
  alf_curve_point *grown = alf_grow(c->point, &c->room, c->count + 1, sizeof *grown);
  if (!grown)
    return alf_fail_memory(err, sizeof *grown);
  c->point = grown;
  c->point[c->count++] = (alf_curve_point){x, y, y, y};
  return ALF_OK;
}

/* By y where x is the same: sums do not depend on the order of what was added. */
static int compare(const void *a, const void *b)
{
  const alf_curve_point *p = a, *q = b;
  if (p->x != q->x)
    return p->x < q->x ? -1 : 1;
  return p->y < q->y ? -1 : p->y > q->y;
}

/* Points first to end − 1 as one, at the mean of their x. */
static alf_curve_point join(const alf_curve_point *point, int64_t first, int64_t end)
{
  alf_curve_point whole = point[first];
  double count = (double)(end - first);
  whole.x = whole.y = 0;
  for (int64_t i = first; i < end; i++) {
    whole.x += point[i].x / count;
    whole.y += point[i].y / count;
    whole.low = fmin(whole.low, point[i].low);
    whole.high = fmax(whole.high, point[i].high);
  }
  whole.x = point[first].x == point[end - 1].x ? point[first].x : whole.x;
  return whole;
}

void alf_curve_settle(alf_curve *c)
{
  if (c->count == 0)
    return;
  qsort(c->point, (size_t)c->count, sizeof *c->point, compare);
  int64_t distinct = 0;
  for (int64_t first = 0, end; first < c->count; first = end) {
    for (end = first; end < c->count && c->point[end].x == c->point[first].x;)
      end++;
    c->point[distinct++] = join(c->point, first, end);
  }
  int64_t each = (distinct + ALF_CURVE_MOST_POINTS - 1) / ALF_CURVE_MOST_POINTS;
  c->count = 0;
  for (int64_t first = 0; first < distinct; first += each)
    c->point[c->count++] = join(c->point, first, first + each < distinct ? first + each : distinct);
}

void alf_curve_free(alf_curve *c)
{
  free(c->point);
  *c = (alf_curve){0};
}
