#include "core/memory.h"

#include <stdint.h>
#include <stdlib.h>

struct alf_memory_piece {
  struct alf_memory_piece *before;
  max_align_t content[];
};

void *alf_memory_take(alf_memory *memory, size_t count, size_t size)
{
  if (memory->missing)
    return NULL;
  size_t most = (SIZE_MAX - sizeof(struct alf_memory_piece)) / size;
  struct alf_memory_piece *piece = count <= most ? calloc(1, sizeof *piece + count * size) : NULL;
  if (!piece) {
    memory->missing = count <= most ? count * size : SIZE_MAX;
    return NULL;
  }
  piece->before = memory->last;
  memory->last = piece;
  return piece->content;
}

alf_status alf_memory_check(const alf_memory *memory, alf_error *err)
{
  return memory->missing ? alf_fail_memory(err, memory->missing) : ALF_OK;
}

void alf_memory_free(alf_memory *memory)
{
  while (memory->last) {
    struct alf_memory_piece *piece = memory->last;
    memory->last = piece->before;
    free(piece);
  }
  memory->missing = 0;
}
