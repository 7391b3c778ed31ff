#include <string.h>

#include "alf/source.h"

/* One line a family: the NAME of families/NAME.c, which defines alf_family_NAME. */
/* clang-format off */
#define FAMILY_LIST(X) \
  X(uniform)           \
  X(softmax)           \
  X(gauss_sigmoid)     \
  X(beta)              \
  X(truncated_normal)  \
  X(mixture)           \
  X(grid)              \
  X(dirichlet)         \
  X(drift)             \
  X(early)             \
  X(adversarial)
/* clang-format on */

#define DECLARE(name) extern const alf_family alf_family_##name;
FAMILY_LIST(DECLARE)
#undef DECLARE

const alf_family *const alf_families[] = {
#define ENTRY(name) &alf_family_##name,
    FAMILY_LIST(ENTRY)
#undef ENTRY
        NULL};

const alf_family *alf_family_find(const char *name)
{
  for (int i = 0; alf_families[i]; i++)
    if (strcmp(alf_families[i]->name, name) == 0)
      return alf_families[i];
  return NULL;
}
