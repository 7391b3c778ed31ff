#include "run/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text.h"
#include "run/check.h"
#include "run/ini.h"

#define SECTION      "experiment"
#define QUICK        "quick"
#define ALSO         "also"
#define SECTIONS     "[" SECTION "], [" ALSO "], [" ALSO " 2] ..., [" QUICK "], [" QUICK " " ALSO "] ..."
#define LARGEST_FILE (1 << 20)

/* Keys of every kind. */
enum { KIND, TITLE, SEED, REPETITIONS, THREADS, COMMON };
static const alf_key common[] = {
    [KIND] = {"kind", ALF_KEY_TEXT, NULL, 0, 0, NULL, "the name of a kind of experiment, see alflab list experiments"},
    [TITLE] = {"title", ALF_KEY_TEXT, NULL, 0, 0, NULL, "a line of text"},
    [SEED] = {"seed", ALF_KEY_WHOLE, "0", 0, 9e15, NULL, "the root seed"},
    [REPETITIONS] = {"repetitions", ALF_KEY_WHOLE, "1", 1, 1e6, NULL, "how often each cell is run, on other batches"},
    [THREADS] = {"threads", ALF_KEY_WHOLE, "1", 1, 64, NULL, "threads of a cell"},
};

/* What is read at the moment. */
typedef struct reading {
  alf_config *config;
  const char *path;
  const alf_ini *ini;
  bool quick;
  int grid;                           /* 0: [experiment]; 1, 2, …: [also], [also 2], … */
  const alf_ini_entry *entry[COMMON]; /* the last one of each; NULL: none */
} reading;

/* Says where the entry stands. */
static alf_status name_entry(const reading *r, const alf_ini_entry *e, const alf_error *cause, alf_error *err)
{
  if (e->line == 0)
    return alf_fail(err, cause->code == ALF_ENOMEM ? ALF_ENOMEM : ALF_EINVAL, "--set %.450s", cause->text);
  alf_status status = cause->code == ALF_EINVAL ? ALF_EFORMAT : cause->code;
  return alf_fail(err, status, "%.150s: line %d: %.330s", r->path, e->line, cause->text);
}

static int find_common(const char *name)
{
  int c = 0;
  while (c < COMMON && strcmp(common[c].name, name))
    c++;
  return c;
}

/* Of the grid that is read. */
static alf_key_values *find_own(const reading *r, const char *name)
{
  alf_key_values *values = r->config->values + r->grid * r->config->keys;
  for (int k = 0; k < r->config->keys; k++)
    if (!strcmp(values[k].key->name, name))
      return &values[k];
  return NULL;
}

static alf_status refuse_key(const alf_config *config, const char *name, alf_error *err)
{
  char known[300] = "", shown[60];
  alf_printable(shown, sizeof shown, name, strlen(name));
  for (int c = 0; c < COMMON; c++)
    alf_list_append(known, sizeof known, common[c].name);
  for (const alf_key *k = config->experiment->keys; k->name; k++)
    alf_list_append(known, sizeof known, k->name);
  return alf_fail(err, ALF_EINVAL, "%s: no such key of kind %s; expected one of %s", shown, config->experiment->name,
                  known);
}

static bool is_of_quick(const alf_ini_entry *e)
{
  return !strcmp(e->section, QUICK) || !strncmp(e->section, QUICK " ", strlen(QUICK " "));
}

/* Which grid the entry's section is about; −1: it is none of the sections. */
static int grid_of(const alf_ini_entry *e)
{
  const char *name = e->section;
  if (!strcmp(name, SECTION) || !strcmp(name, QUICK))
    return 0;
  name += is_of_quick(e) ? strlen(QUICK " ") : 0;
  if (strncmp(name, ALSO, strlen(ALSO)))
    return -1;
  name += strlen(ALSO);
  if (!*name)
    return 1;
  return name[0] == ' ' && name[1] >= '2' && name[1] <= '9' && !name[2] ? name[1] - '0' : -1;
}

/* --set goes before [quick also], [also] (those of the grid), [quick] and [experiment], in this order; −1: not to be
   read. */
static int rank(const reading *r, const alf_ini_entry *e)
{
  int grid = grid_of(e);
  if (e->line == 0)
    return 4;
  if ((is_of_quick(e) && !r->quick) || (grid > 0 && grid != r->grid))
    return -1;
  return 2 * (grid > 0) + is_of_quick(e);
}

/* Whether there are other values of the key that this one gives way to. */
static bool is_replaced(const reading *r, const alf_ini_entry *e)
{
  int own = rank(r, e);
  for (long long i = 0; own >= 0 && i < r->ini->count; i++)
    if (rank(r, &r->ini->entry[i]) > own && !strcmp(r->ini->entry[i].key, e->key))
      return true;
  return own < 0;
}

/* A section of a grid needs that of the one before, a section of quick runs that of the grid itself. */
static alf_status check_section(const reading *r, const alf_ini_entry *e, alf_error *err)
{
  int grid = grid_of(e), needed = is_of_quick(e) ? grid : grid - 1;
  char shown[60];
  alf_printable(shown, sizeof shown, e->section, strlen(e->section));
  if (grid < 0 && !*shown)
    return alf_fail(err, ALF_EINVAL, "%s: stands in no section: expected " SECTIONS " before it", e->key);
  if (grid < 0)
    return alf_fail(err, ALF_EINVAL, "section [%s]: expected " SECTIONS, shown);
  for (long long i = 0; needed > 0 && i < r->ini->count; i++)
    if (grid_of(&r->ini->entry[i]) == needed && !is_of_quick(&r->ini->entry[i]))
      needed = 0;
  if (needed == 1)
    return alf_fail(err, ALF_EINVAL, "section [%s]: expected a section [" ALSO "]", shown);
  if (needed > 1)
    return alf_fail(err, ALF_EINVAL, "section [%s]: expected a section [" ALSO " %d]", shown, needed);
  return ALF_OK;
}

/* Keys of every kind have one value. */
static alf_status sort_common(reading *r, alf_error *err)
{
  for (long long i = 0; i < r->ini->count; i++) {
    const alf_ini_entry *e = &r->ini->entry[i];
    alf_error cause = {0};
    int c = find_common(e->key);
    if (check_section(r, e, &cause) != ALF_OK)
      return name_entry(r, e, &cause, err);
    if (c < COMMON && grid_of(e) > 0) {
      alf_fail(&cause, ALF_EINVAL, "%s: expected in [" SECTION "] or [" QUICK "] only", e->key);
    } else if (c < COMMON && r->entry[c] && !is_replaced(r, e)) {
      alf_fail(&cause, ALF_EINVAL, "%s: is given twice", e->key);
    } else if (c < COMMON && !is_replaced(r, e)) {
      r->entry[c] = e;
    }
    if (cause.code != ALF_OK)
      return name_entry(r, e, &cause, err);
  }
  return ALF_OK;
}

static alf_status find_kind(reading *r, alf_error *err)
{
  const alf_ini_entry *e = r->entry[KIND];
  char known[200] = "", shown[60];
  alf_error cause = {0};
  for (int i = 0; alf_experiments[i]; i++)
    alf_list_append(known, sizeof known, alf_experiments[i]->name);
  if (!e)
    return alf_fail(err, ALF_EFORMAT, "%.200s: no kind: expected kind = one of %s", r->path, known);
  r->config->experiment = alf_experiment_find(e->value);
  if (r->config->experiment)
    return ALF_OK;
  alf_printable(shown, sizeof shown, e->value, strlen(e->value));
  alf_fail(&cause, ALF_EINVAL, "kind = %s: no such kind; expected one of %s", shown, known);
  return name_entry(r, e, &cause, err);
}

static alf_status read_common_number(reading *r, int c, int64_t *number, alf_error *err)
{
  const alf_ini_entry *e = r->entry[c];
  alf_error cause = {0};
  alf_key_value value = {.digest = ""};
  alf_status status =
      alf_check_value(&common[c], e ? e->value : common[c].fallback, "", &r->config->memory, &value, &cause);
  *number = value.value.whole;
  return status == ALF_OK ? status : name_entry(r, e, &cause, err);
}

static alf_status read_common(reading *r, alf_error *err)
{
  alf_config *config = r->config;
  int64_t seed = 0, threads = 0;
  char title[500] = "";
  if (r->entry[TITLE])
    alf_printable(title, sizeof title, r->entry[TITLE]->value, strlen(r->entry[TITLE]->value));
  config->title = alf_memory_text(&config->memory, title);
  alf_status status = read_common_number(r, SEED, &seed, err);
  if (status == ALF_OK)
    status = read_common_number(r, REPETITIONS, &config->repetitions, err);
  if (status == ALF_OK)
    status = read_common_number(r, THREADS, &threads, err);
  config->seed = (uint64_t)seed;
  config->threads = (int)threads;
  return status == ALF_OK ? alf_memory_check(&config->memory, err) : status;
}

static alf_status prepare_keys(reading *r, alf_error *err)
{
  alf_config *config = r->config;
  config->grids = 1;
  for (long long i = 0; i < r->ini->count; i++)
    if (grid_of(&r->ini->entry[i]) >= config->grids)
      config->grids = grid_of(&r->ini->entry[i]) + 1;
  while (config->experiment->keys[config->keys].name)
    config->keys++;
  size_t count = (size_t)config->grids * (size_t)config->keys;
  config->values = calloc(count, sizeof *config->values);
  for (size_t k = 0; config->values && k < count; k++)
    config->values[k].key = &config->experiment->keys[k % (size_t)config->keys];
  return config->values ? ALF_OK : alf_fail_memory(err, count * sizeof *config->values);
}

static alf_status read_own(reading *r, alf_error *err)
{
  alf_config *config = r->config;
  for (long long i = 0; i < r->ini->count; i++) {
    const alf_ini_entry *e = &r->ini->entry[i];
    alf_key_values *values = find_own(r, e->key);
    alf_error cause = {0};
    if (find_common(e->key) < COMMON || (values && is_replaced(r, e)))
      continue;
    alf_status status = values ? alf_values_add(values, e->value, config->base, &config->memory, &cause)
                               : refuse_key(config, e->key, &cause);
    if (status != ALF_OK)
      return name_entry(r, e, &cause, err);
  }
  return ALF_OK;
}

static alf_status fill_in(reading *r, alf_error *err)
{
  alf_config *config = r->config;
  alf_status status = ALF_OK;
  for (int k = 0; status == ALF_OK && k < config->keys; k++) {
    alf_key_values *values = &config->values[r->grid * config->keys + k];
    if (values->count == 0 && !values->key->fallback)
      return alf_fail(err, ALF_EFORMAT, "%.200s: no %s: expected %s = %.200s", r->path, values->key->name,
                      values->key->name, values->key->help);
    if (values->count == 0)
      status = alf_values_add(values, values->key->fallback, "", &config->memory, err);
  }
  return status;
}

/* "a/b.ini" has the base "a/" and the name "b". */
static alf_status split_path(alf_config *config, const char *path, alf_error *err)
{
  const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
  char *base = alf_memory_text(&config->memory, path), *name = alf_memory_text(&config->memory, file);
  config->base = base;
  config->name = name;
  if (!base || !name)
    return alf_memory_check(&config->memory, err);
  base[file - path] = '\0';
  size_t length = strlen(name);
  if (length > 4 && !strcmp(name + length - 4, ".ini"))
    name[length - 4] = '\0';
  return ALF_OK;
}

static alf_status keep_text(alf_config *config, const char *text, const char *set, bool quick, alf_error *err)
{
  size_t size = strlen(text) + (set ? strlen(set) : 0) + 40;
  char *copy = alf_memory_take(&config->memory, size, 1);
  config->text = copy;
  if (copy)
    snprintf(copy, size, "%s%s%s%s%s", text, quick ? "\n# --quick\n" : "", set ? "\n# --set " : "", set ? set : "",
             set ? "\n" : "");
  return alf_memory_check(&config->memory, err);
}

static alf_status check_quick(const reading *r, alf_error *err)
{
  bool any = !r->quick;
  for (long long i = 0; i < r->ini->count; i++)
    any = any || rank(r, &r->ini->entry[i]) == 1;
  if (any)
    return ALF_OK;
  return alf_fail(err, ALF_EFORMAT, "%.200s: no section [" QUICK "]", r->path);
}

static alf_status read_ini(reading *r, alf_error *err)
{
  alf_status status = sort_common(r, err);
  if (status == ALF_OK)
    status = check_quick(r, err);
  if (status == ALF_OK)
    status = find_kind(r, err);
  if (status == ALF_OK)
    status = read_common(r, err);
  if (status == ALF_OK)
    status = prepare_keys(r, err);
  for (r->grid = 0; status == ALF_OK && r->grid < r->config->grids; r->grid++) {
    status = read_own(r, err);
    if (status == ALF_OK)
      status = fill_in(r, err);
  }
  return status;
}

static alf_status parse(alf_config *config, const char *path, const char *text, const char *set, bool quick,
                        alf_error *err)
{
  alf_ini ini = {0};
  reading r = {.config = config, .path = path, .ini = &ini, .quick = quick};
  *config = (alf_config){0};
  alf_status status = split_path(config, path, err);
  if (status == ALF_OK)
    status = keep_text(config, text, set, quick, err);
  if (status == ALF_OK)
    status = alf_ini_add(&ini, path, text, err);
  if (status == ALF_OK && set)
    status = alf_ini_add_set(&ini, SECTION, set, err);
  if (status == ALF_OK)
    status = read_ini(&r, err);
  alf_ini_free(&ini);
  return status;
}

alf_status alf_config_parse(alf_config *config, const char *path, const char *text, const char *set, alf_error *err)
{
  return parse(config, path, text, set, false, err);
}

static alf_status read_text(FILE *file, const char *path, char *text, alf_error *err)
{
  size_t length = fread(text, 1, LARGEST_FILE, file);
  if (ferror(file))
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  if (length == LARGEST_FILE)
    return alf_fail(err, ALF_EFORMAT, "%.300s: expected a config of less than %d bytes", path, LARGEST_FILE);
  text[length] = '\0';
  if (strlen(text) != length)
    return alf_fail(err, ALF_EFORMAT, "%.300s: byte %zu is 0: expected text", path, strlen(text));
  return ALF_OK;
}

static alf_status read_config(alf_config *config, const char *path, const char *set, bool quick, alf_error *err)
{
  *config = (alf_config){0};
  FILE *file = fopen(path, "rb");
  if (!file)
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  char *text = malloc(LARGEST_FILE + 1);
  alf_status status = text ? read_text(file, path, text, err) : alf_fail_memory(err, LARGEST_FILE + 1);
  if (status == ALF_OK)
    status = parse(config, path, text, set, quick, err);
  free(text);
  fclose(file);
  return status;
}

alf_status alf_config_read(alf_config *config, const char *path, const char *set, alf_error *err)
{
  return read_config(config, path, set, false, err);
}

alf_status alf_config_read_quick(alf_config *config, const char *path, const char *set, alf_error *err)
{
  return read_config(config, path, set, true, err);
}

void alf_config_free(alf_config *config)
{
  for (int k = 0; k < config->grids * config->keys && config->values; k++)
    free(config->values[k].value);
  free(config->values);
  alf_memory_free(&config->memory);
  *config = (alf_config){0};
}
