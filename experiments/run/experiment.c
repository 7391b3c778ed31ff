#include "run/experiment.h"

#include <string.h>

const alf_experiment *alf_experiment_find(const char *name)
{
  for (const alf_experiment *const *e = alf_experiments; *e; e++)
    if (!strcmp((*e)->name, name))
      return *e;
  return NULL;
}

alf_value alf_setting(const alf_experiment_cell *cell, const char *name)
{
  for (int s = 0; s < cell->settings; s++)
    if (!strcmp(cell->setting[s].name, name))
      return cell->setting[s].value;
  return alf_value_text("");
}

const char *alf_setting_text(const alf_experiment_cell *cell, const char *name)
{
  alf_value value = alf_setting(cell, name);
  return value.type == ALF_TEXT ? value.text : "";
}

double alf_setting_real(const alf_experiment_cell *cell, const char *name)
{
  return alf_setting(cell, name).real;
}

int64_t alf_setting_whole(const alf_experiment_cell *cell, const char *name)
{
  alf_value value = alf_setting(cell, name);
  return value.type == ALF_WHOLE ? value.whole : -1;
}

bool alf_setting_is(const alf_experiment_cell *cell, const char *name, const char *word)
{
  return !strcmp(alf_setting_text(cell, name), word);
}
