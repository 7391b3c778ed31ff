#include "cli/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/number.h"

bool alf_cli_read_real(const char *text, double *value)
{
  return alf_parse_real(text, "number", value, NULL) == ALF_OK;
}

bool alf_cli_read_integer(const char *text, int64_t *value)
{
  double real = 0;
  if (!alf_cli_read_real(text, &real) || fabs(real) > 0x1p53 || real != floor(real))
    return false;
  *value = (int64_t)real;
  return true;
}

bool alf_cli_read_range(const char *text, int64_t *from, int64_t *to)
{
  char head[32] = "";
  const char *colon = strchr(text, ':');
  if (!colon || colon - text >= (int)sizeof head)
    return false;
  snprintf(head, sizeof head, "%.*s", (int)(colon - text), text);
  return alf_cli_read_integer(head, from) && alf_cli_read_integer(colon + 1, to) && *from >= 0 && *from < *to;
}
