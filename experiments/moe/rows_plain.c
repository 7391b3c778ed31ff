#include "moe/rows_kernel.h"

static bool runs_here(void)
{
  return true;
}

extern const alf_rows_kernel alf_rows_plain;
const alf_rows_kernel alf_rows_plain = ALF_ROWS_KERNEL("plain", runs_here);
