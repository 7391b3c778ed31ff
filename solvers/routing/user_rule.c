#include "routing/user_rule.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SYMBOL "alf_exported_rule"

bool alf_rule_is_file(const char *text)
{
  size_t length = strcspn(text, "[");
  return memchr(text, '/', length) || (length > 3 && !memcmp(text + length - 3, ".so", 3));
}

/* Fit to be read back, and for the cells of a CSV. */
static bool is_name(const char *name)
{
  if (!name || !*name || strlen(name) > 48)
    return false;
  for (; *name; name++)
    if (!isalnum((unsigned char)*name) && !strchr("-_.+", *name))
      return false;
  return true;
}

static bool is_line(const char *text)
{
  return text && !strpbrk(text, "\n\r");
}

/* As many names as values. */
static bool are_choices(const alf_parameter *p)
{
  int count = 0;
  while (p->choices[count] && count < p->maximum + 1)
    if (!is_name(p->choices[count++]))
      return false;
  return p->integral && p->minimum == 0 && count == p->maximum + 1 && !p->choices[count];
}

static const char *flaw_of_parameter(const alf_parameter *table, int i)
{
  const alf_parameter *p = &table[i];
  if (!is_name(p->name) || !is_line(p->help))
    return "its name is not a word, or its help not a line";
  for (int j = 0; j < i; j++)
    if (!strcmp(table[j].name, p->name))
      return "two have its name";
  if (!(p->minimum <= p->fallback && p->fallback <= p->maximum))
    return "its default is out of its range";
  return p->choices && !are_choices(p) ? "its choices are not the names of 0..maximum" : NULL;
}

static alf_status check_parameters(const char *path, const alf_parameter *table, alf_error *err)
{
  for (int i = 0; table && table[i].name; i++) {
    if (i == ALF_MAX_PARAMETERS)
      return alf_fail(err, ALF_EFORMAT, "%s: more than %d parameters, or no {0} behind the last", path, i);
    const char *flaw = flaw_of_parameter(table, i);
    if (flaw)
      return alf_fail(err, ALF_EFORMAT, "%s: parameter %d of the rule: %s", path, i + 1, flaw);
  }
  return ALF_OK;
}

static alf_status check_rule(const char *path, const alf_rule *rule, alf_error *err)
{
  if (!rule || !rule->update)
    return alf_fail(err, ALF_EFORMAT, "%s: expected a rule with an update, got none", path);
  if (!is_name(rule->name))
    return alf_fail(err, ALF_EFORMAT, "%s: name of the rule '%.60s': expected 1..48 letters, digits or any of -_.+",
                    path, rule->name ? rule->name : "");
  if (alf_rule_find(rule->name))
    return alf_fail(err, ALF_EFORMAT, "%s: name of the rule '%s': is that of a built-in rule, expected another", path,
                    rule->name);
  if (!is_line(rule->summary))
    return alf_fail(err, ALF_EFORMAT, "%s: summary of the rule: expected one line", path);
  if (rule->form > ALF_FORM_SIGN || rule->combine > ALF_MULTIPLY || !(rule->u >= 0) || !isfinite(rule->u))
    return alf_fail(err, ALF_EFORMAT,
                    "%s: form %d, combine %d, u %g of the rule: expected 0..%d, 0..%d, a number from 0", path,
                    (int)rule->form, (int)rule->combine, rule->u, ALF_FORM_SIGN, ALF_MULTIPLY);
  return check_parameters(path, rule->parameters, err);
}

static alf_status check_size(const char *path, const char *what, size_t theirs, size_t ours, alf_error *err)
{
  if (theirs == ours)
    return ALF_OK;
  return alf_fail(err, ALF_EFORMAT, "%s: compiled with %s of %zu bytes, expected %zu: compile it with these headers",
                  path, what, theirs, ours);
}

static alf_status check_export(const char *path, const alf_rule_export *e, alf_error *err)
{
  if (!e)
    return alf_fail(err, ALF_EFORMAT, "%s: no symbol " SYMBOL ": expected ALF_EXPORT_RULE(…) in it", path);
  if (e->abi != ALF_RULE_ABI)
    return alf_fail(err, ALF_EFORMAT, "%s: compiled for rules of ABI %lu, expected %d", path, (unsigned long)e->abi,
                    ALF_RULE_ABI);
  alf_status status = check_size(path, "an alf_rule", e->rule_size, sizeof(alf_rule), err);
  if (status == ALF_OK)
    status = check_size(path, "an alf_rule_input", e->input_size, sizeof(alf_rule_input), err);
  if (status == ALF_OK)
    status = check_size(path, "an alf_parameter", e->parameter_size, sizeof(alf_parameter), err);
  return status == ALF_OK ? check_rule(path, e->rule, err) : status;
}

/* Whether the file ends before a segment of it does: dlopen would then end the program. */
static bool is_cut_short(const char *path, off_t size)
{
  FILE *file = fopen(path, "rb");
  ElfW(Ehdr) head;
  ElfW(Phdr) segment;
  bool is_elf = file && fread(&head, sizeof head, 1, file) == 1 && !memcmp(head.e_ident, ELFMAG, SELFMAG), cut = false;
  for (int i = 0; is_elf && !cut && i < head.e_phnum; i++) {
    long at = (long)(head.e_phoff + (unsigned long)i * head.e_phentsize);
    bool there = fseek(file, at, SEEK_SET) == 0 && fread(&segment, sizeof segment, 1, file) == 1;
    cut = !there || (segment.p_type == PT_LOAD && (segment.p_offset > (unsigned long)size ||
                                                   segment.p_filesz > (unsigned long)size - segment.p_offset));
  }
  if (file)
    fclose(file);
  return cut;
}

/* What dlopen says begins with the path, mostly. */
static alf_status fail_open(const char *path, alf_error *err)
{
  const char *why = dlerror();
  if (!why)
    why = "cannot be loaded";
  bool named = !strncmp(why, path, strlen(path));
  return alf_fail(err, ALF_EFORMAT, "%s%s%.300s: expected a shared object that loads", named ? "" : path,
                  named ? "" : ": ", why);
}

alf_status alf_user_rule_load(const char *name, const alf_rule **rule, alf_error *err)
{
  struct stat file;
  char path[ALF_CHOICE_TEXT + 2]; /* dlopen looks for a name without '/' elsewhere */
  snprintf(path, sizeof path, "%s%s", strchr(name, '/') ? "" : "./", name);
  *rule = NULL;
  if (stat(path, &file) != 0)
    return alf_fail(err, ALF_EIO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(file.st_mode))
    return alf_fail(err, ALF_EFORMAT, "%s: is no file: expected a shared object", path);
  if (is_cut_short(path, file.st_size))
    return alf_fail(err, ALF_EFORMAT, "%s: is cut short: expected a shared object", path);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail_open(path, err);
  const alf_rule_export *exported = dlsym(handle, SYMBOL);
  alf_status status = check_export(path, exported, err);
  if (status == ALF_OK)
    *rule = exported->rule;
  else
    dlclose(handle);
  return status;
}
