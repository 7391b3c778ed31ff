#include "run/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "core/philox.h"
#include "run/code.h"
#include "run/sections.h"

uint64_t alf_cell_seed(uint64_t root, const char *source, int64_t repetition)
{
  alf_philox philox;
  gsl_rng rng = {.type = alf_rng_philox, .state = &philox};
  alf_digest digest;
  char text[ALF_DIGEST_TEXT];
  alf_digest_start(&digest);
  alf_digest_add_text(&digest, source);
  alf_digest_finish(&digest, text);
  text[12] = '\0'; /* 48 bits, as many as a stream counts */
  alf_rng_stream(&rng, root, strtoull(text, NULL, 16), (uint64_t)repetition);
  uint64_t high = gsl_rng_get(&rng);
  return (high << 32 | gsl_rng_get(&rng)) >> 12;
}

static const alf_key_value *value_at(const alf_plan *plan, int64_t c, int k)
{
  const alf_config *config = plan->config;
  return &config->values[plan->cell[c].grid * config->keys + k].value[plan->place[c * config->keys + k]];
}

/* The cell's source; NULL where the kind has none. */
static const alf_key_value *source_of(const alf_plan *plan, int64_t c)
{
  for (int k = 0; k < plan->config->keys; k++)
    if (plan->config->values[k].key->type == ALF_KEY_SOURCE)
      return value_at(plan, c, k);
  return NULL;
}

/* Of each grid, and of all. */
static alf_status count_cells(const alf_config *config, int64_t product[ALF_MOST_GRIDS], int64_t *all, alf_error *err)
{
  *all = 0;
  for (int g = 0; g < config->grids; g++) {
    product[g] = config->repetitions;
    for (int k = 0; k < config->keys; k++) {
      int64_t count = config->values[g * config->keys + k].count;
      if (count > (ALF_MOST_CELLS - *all) / product[g])
        return alf_fail(err, ALF_EFORMAT, "%s: more than %d cells: expected fewer values or repetitions", config->name,
                        ALF_MOST_CELLS);
      product[g] *= count;
    }
    *all += product[g];
  }
  return ALF_OK;
}

static alf_status take_memory(alf_plan *plan, int64_t cells, alf_error *err)
{
  size_t places = (size_t)cells * (size_t)plan->config->keys;
  plan->cell = calloc((size_t)cells, sizeof *plan->cell);
  plan->place = calloc(places, sizeof *plan->place);
  return plan->cell && plan->place ? ALF_OK : alf_fail_memory(err, places * sizeof *plan->place);
}

/* The product; repetitions that would repeat nothing but the same are left out. */
static void multiply(alf_plan *plan, int grid, int64_t product)
{
  const alf_config *config = plan->config;
  const alf_key_values *values = config->values + grid * config->keys;
  for (int64_t i = 0; i < product; i++) {
    int64_t rest = i / config->repetitions, c = plan->cells;
    plan->cell[c].grid = grid;
    plan->cell[c].repetition = i % config->repetitions;
    for (int k = config->keys - 1; k >= 0; k--) {
      plan->place[c * config->keys + k] = (int32_t)(rest % values[k].count);
      rest /= values[k].count;
    }
    const alf_key_value *source = source_of(plan, c);
    bool fixed = source && source->fixed;
    plan->cell[c].seed =
        fixed ? 0 : alf_cell_seed(config->seed, source ? source->value.text : "", plan->cell[c].repetition);
    plan->cells += !fixed || plan->cell[c].repetition == 0;
  }
}

static void find_key(alf_plan *plan, int64_t c)
{
  const alf_config *config = plan->config;
  char text[ALF_VALUE_TEXT];
  alf_digest digest;
  alf_digest_start(&digest);
  alf_digest_add_text(&digest, config->experiment->name);
  for (int k = 0; k < config->keys; k++) {
    const alf_key_value *value = value_at(plan, c, k);
    alf_value_print(&value->value, text);
    alf_digest_add_text(&digest, config->values[k].key->name);
    alf_digest_add_text(&digest, text);
    alf_digest_add_text(&digest, value->digest);
  }
  snprintf(text, sizeof text, "%llu", (unsigned long long)plan->cell[c].seed);
  alf_digest_add_text(&digest, text);
  alf_digest_finish(&digest, plan->cell[c].key);
}

static int compare_keys(const void *a, const void *b)
{
  return strcmp(a, b);
}

/* Leaves out the cells behind `first`, those of one [also], that are among the ones before. */
static alf_status leave_out_doubles(alf_plan *plan, int64_t first, alf_error *err)
{
  size_t keys = (size_t)plan->config->keys, count = (size_t)first;
  char(*sorted)[ALF_DIGEST_TEXT] = calloc(count, sizeof *sorted);
  if (!sorted)
    return alf_fail_memory(err, count * sizeof *sorted);
  for (size_t c = 0; c < count; c++)
    strcpy(sorted[c], plan->cell[c].key);
  qsort(sorted, count, sizeof *sorted, compare_keys);
  int64_t kept = first;
  for (int64_t c = first; c < plan->cells; c++) {
    if (bsearch(plan->cell[c].key, sorted, count, sizeof *sorted, compare_keys))
      continue;
    plan->cell[kept] = plan->cell[c];
    memmove(plan->place + (size_t)kept * keys, plan->place + (size_t)c * keys, keys * sizeof *plan->place);
    kept++;
  }
  plan->cells = kept;
  free(sorted);
  return ALF_OK;
}

static void find_digest(alf_plan *plan)
{
  alf_digest digest;
  alf_digest_start(&digest);
  alf_digest_add_text(&digest, plan->config->name);
  alf_digest_add_text(&digest, plan->config->title);
  alf_digest_add_text(&digest, plan->code);
  for (int64_t c = 0; c < plan->cells; c++)
    alf_digest_add_text(&digest, plan->cell[c].key);
  alf_digest_finish(&digest, plan->digest);
}

static alf_status check_cells(const alf_plan *plan, alf_error *err)
{
  alf_status (*check)(const alf_experiment_cell *, alf_error *) = plan->config->experiment->check;
  alf_named *setting = calloc((size_t)plan->config->keys, sizeof *setting);
  alf_status status = setting ? ALF_OK : alf_fail_memory(err, (size_t)plan->config->keys * sizeof *setting);
  for (int64_t c = 0; check && status == ALF_OK && c < plan->cells; c++) {
    alf_experiment_cell cell = alf_plan_cell_at(plan, c, setting);
    alf_error cause = {0};
    char where[200];
    if (cell.repetition > 0 || check(&cell, &cause) == ALF_OK)
      continue;
    alf_plan_describe(plan, c, where, sizeof where);
    status = alf_fail(err, cause.code == ALF_EINVAL ? ALF_EFORMAT : cause.code, "%.100s: cell %lld%s%s%s: %.180s",
                      plan->config->name, (long long)c, *where ? " (" : "", where, *where ? ")" : "", cause.text);
  }
  free(setting);
  return status;
}

static alf_status add_grid(alf_plan *plan, int grid, int64_t product, alf_error *err)
{
  int64_t first = plan->cells;
  multiply(plan, grid, product);
  for (int64_t c = first; c < plan->cells; c++)
    find_key(plan, c);
  return first > 0 ? leave_out_doubles(plan, first, err) : ALF_OK;
}

alf_status alf_plan_make(alf_plan *plan, const alf_config *config, alf_error *err)
{
  int64_t product[ALF_MOST_GRIDS] = {0}, all;
  *plan = (alf_plan){.config = config};
  alf_status status = count_cells(config, product, &all, err);
  if (status == ALF_OK)
    status = take_memory(plan, all, err);
  for (int g = 0; status == ALF_OK && g < config->grids; g++)
    status = add_grid(plan, g, product[g], err);
  if (status != ALF_OK)
    return status;
  alf_code_digests(config->experiment->code, plan->code);
  find_digest(plan);
  return check_cells(plan, err);
}

void alf_plan_free(alf_plan *plan)
{
  free(plan->cell);
  free(plan->place);
  *plan = (alf_plan){0};
}

alf_experiment_cell alf_plan_cell_at(const alf_plan *plan, int64_t c, alf_named *setting)
{
  const alf_config *config = plan->config;
  for (int k = 0; k < config->keys; k++)
    setting[k] = (alf_named){config->values[k].key->name, value_at(plan, c, k)->value};
  return (alf_experiment_cell){.setting = setting,
                               .settings = config->keys,
                               .repetition = plan->cell[c].repetition,
                               .seed = plan->cell[c].seed,
                               .threads = config->threads,
                               .base = config->base};
}

static bool has_several(const alf_plan *plan, int k)
{
  const alf_config *config = plan->config;
  const alf_key_values *first = &config->values[k];
  bool several = first->count > 1;
  for (int g = 1; g < config->grids && !several; g++) {
    const alf_key_values *also = first + g * config->keys;
    several = also->count > 1 || !alf_value_same(&first->value[0].value, &also->value[0].value);
  }
  return several;
}

void alf_plan_describe(const alf_plan *plan, int64_t c, char *text, size_t size)
{
  char value[ALF_VALUE_TEXT];
  size_t used = 0;
  text[0] = '\0';
  for (int k = 0; k < plan->config->keys && used < size; k++) {
    if (!has_several(plan, k))
      continue;
    alf_value_print(&value_at(plan, c, k)->value, value);
    used += (size_t)snprintf(text + used, size - used, "%s%s = %s", used ? ", " : "", plan->config->values[k].key->name,
                             value);
  }
  if (plan->config->repetitions > 1 && used < size)
    snprintf(text + used, size - used, "%srepetition = %lld", used ? ", " : "", (long long)plan->cell[c].repetition);
}
