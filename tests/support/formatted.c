#include "support.h"

#include <string.h>

#include "formatted.h"
#include "problems.h"

struct alf_test_spied alf_test_spied;

static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  memcpy(alf_test_spied.load, in->load, (size_t)in->experts * sizeof *in->load);
  memset(delta, 0, (size_t)in->experts * sizeof *delta);
  alf_test_spied.slots = in->slots;
  alf_test_spied.tokens = in->tokens;
  alf_test_spied.batch = in->batch;
  alf_test_spied.asked++;
  return ALF_OK;
}

const alf_rule alf_test_spy = {.name = "spy", .summary = "looks on", .form = ALF_FORM_FREE, .update = update};

alf_format alf_test_format(const char *text)
{
  alf_format format;
  alf_error err = {0};
  assert_ok(alf_format_read(text, &format, &err), &err);
  return format;
}

alf_iterate *alf_test_start(const alf_affinity *batch, const alf_rule *rule, double u, int32_t topk, const char *format,
                            const double *shift)
{
  alf_format f = alf_test_format(format);
  alf_iterate_settings settings = {
      .rule = rule, .schedule = alf_schedule_find("constant"), .u = u, .topk = topk, .shift = shift, .format = &f};
  alf_iterate *it = NULL;
  alf_error err = {0};
  assert_ok(alf_iterate_alloc(&it, batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, batch, &err), &err);
  return it;
}

const alf_step *alf_test_step(alf_iterate *it, const alf_affinity *batch)
{
  const alf_step *step;
  alf_error err = {0};
  assert_ok(alf_iterate_step(it, batch, &step, &err), &err);
  return step;
}

alf_affinity alf_test_split(int64_t *cells, int64_t tokens, int64_t first)
{
  for (int64_t i = 0; i < tokens; i++) {
    cells[2 * i] = i < first;
    cells[2 * i + 1] = i >= first;
  }
  return alf_test_grid(tokens, 2, 0, cells);
}
