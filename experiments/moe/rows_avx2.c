#include "moe/rows.h"

#if defined(__x86_64__)

#include <math.h>
#include <string.h>

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx2");
}

#pragma GCC target("avx2")

#include "moe/rows_kernel.h"

extern const alf_rows_kernel alf_rows_avx2;
const alf_rows_kernel alf_rows_avx2 = ALF_ROWS_KERNEL("avx2", runs_here);

#endif
