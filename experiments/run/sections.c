#include "run/sections.h"

#include <string.h>

#include "data/text.h"

static const size_t also_length = sizeof ALF_SECTION_ALSO - 1, quick_length = sizeof ALF_SECTION_QUICK - 1;

static bool is_also(const char *section)
{
  char next = strncmp(section, ALF_SECTION_ALSO, also_length) ? 'x' : section[also_length];
  return next == '\0' || next == ' ';
}

bool alf_section_is_quick(const char *section)
{
  return !strcmp(section, ALF_SECTION_QUICK) ||
         (!strncmp(section, ALF_SECTION_QUICK " ", quick_length + 1) && is_also(section + quick_length + 1));
}

/* The section of a run that is not quick. */
static const char *full_section(const char *section)
{
  if (!alf_section_is_quick(section))
    return section;
  return section[quick_length] ? section + quick_length + 1 : ALF_SECTION_FIRST;
}

int alf_section_grid(const alf_sections *sections, const char *section)
{
  const char *full = full_section(section);
  for (int g = 0; g < sections->grids; g++)
    if (!strcmp(sections->grid[g], full))
      return g;
  return -1;
}

alf_status alf_sections_find(alf_sections *sections, const alf_ini *ini, const alf_ini_entry **at, alf_error *err)
{
  *sections = (alf_sections){1, {ALF_SECTION_FIRST}};
  for (long long i = 0; i < ini->count; i++) {
    const char *section = ini->entry[i].section;
    if (!is_also(section) || alf_section_grid(sections, section) >= 0)
      continue;
    *at = &ini->entry[i];
    if (sections->grids == ALF_MOST_GRIDS)
      return alf_fail(err, ALF_EINVAL, "%d sections [also] and [also NAME]: expected at most %d", ALF_MOST_GRIDS,
                      ALF_MOST_GRIDS - 1);
    sections->grid[sections->grids++] = section;
  }
  return ALF_OK;
}

alf_status alf_section_refuse(const char *section, const char *key, alf_error *err)
{
  char shown[60];
  alf_printable(shown, sizeof shown, section, strlen(section));
  if (alf_section_is_quick(section))
    return alf_fail(err, ALF_EINVAL, "section [%s]: expected a section [%s] with keys", shown,
                    shown + quick_length + 1);
  if (*shown)
    return alf_fail(err, ALF_EINVAL, "section [%s]: expected " ALF_SECTIONS, shown);
  return alf_fail(err, ALF_EINVAL, "%s: stands in no section: expected " ALF_SECTIONS " before it", key);
}
