#include "core/select.h"

int64_t alf_select(int64_t *value, int64_t count, int64_t rank)
{
  int64_t low = 0, high = count - 1;
  while (low < high) {
    int64_t pivot = value[low + (high - low) / 2], i = low, j = high;
    while (i <= j) {
      while (value[i] < pivot)
        i++;
      while (value[j] > pivot)
        j--;
      if (i <= j) {
        int64_t held = value[i];
        value[i++] = value[j];
        value[j--] = held;
      }
    }
    if (rank <= j)
      high = j;
    else if (rank >= i)
      low = i;
    else
      break;
  }
  return value[rank];
}
