/* The type the model computes in: float, or double where gradients are checked. */
#ifndef ALF_MOE_REAL_H
#define ALF_MOE_REAL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef ALF_MOE_DOUBLE
typedef double alf_real;
#define ALF_MOE_DTYPE ALF_FLOAT64
#else
typedef float alf_real;
#define ALF_MOE_DTYPE ALF_FLOAT32
#endif

/* A matrix inside an array: row r begins at data + r·stride. */
typedef struct alf_view {
  alf_real *data;
  int64_t stride;
} alf_view;

/* A const matrix as an operand. */
static inline alf_view alf_view_of(const alf_real *data, int64_t stride)
{
  return (alf_view){(alf_real *)(uintptr_t)data, stride};
}

/* To be called before rows are used or written that are in no near cache: they come all at once, where a product would ask
   for one line after the other. */
static inline void alf_view_fetch(alf_view view, int64_t rows, int64_t columns)
{
  const int64_t line = 64 / sizeof *view.data;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < columns; j += line)
      __builtin_prefetch(view.data + r * view.stride + j, 1);
}

#endif
