/* The sections of a config. Each grid of cells has its own: [experiment], and up to 15 of [also] and [also NAME], which have
   keys. [quick], [quick also] and [quick also NAME] have what holds of them in a quick run. */
#ifndef ALF_RUN_SECTIONS_H
#define ALF_RUN_SECTIONS_H

#include <stdbool.h>

#include "run/ini.h"

#define ALF_SECTION_FIRST "experiment"
#define ALF_SECTION_ALSO  "also"
#define ALF_SECTION_QUICK "quick"
#define ALF_SECTIONS      "[experiment], [also], [also NAME], [quick], [quick also] or [quick also NAME]"

enum { ALF_MOST_GRIDS = 16 };

typedef struct alf_sections {
  int grids;
  const char *grid[ALF_MOST_GRIDS]; /* [experiment], then those of [also] in the order of the file; not owned */
} alf_sections;

/* Errors: ALF_EINVAL when there are too many; *at is the entry then. */
alf_status alf_sections_find(alf_sections *sections, const alf_ini *ini, const alf_ini_entry **at, alf_error *err);

/* Which grid the section is of; −1: none. */
int alf_section_grid(const alf_sections *sections, const char *section);

bool alf_section_is_quick(const char *section);

/* Explains a section that is of no grid. Returns ALF_EINVAL. */
alf_status alf_section_refuse(const char *section, const char *key, alf_error *err);

#endif
