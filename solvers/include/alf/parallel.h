/* Independent tasks on several threads. */
#ifndef ALF_PARALLEL_H
#define ALF_PARALLEL_H

#include <stdint.h>

/* Calls task(context, i) once for each i in 0..count−1, on up to `threads` threads (0: as many as there are processors;
   64 at the most). Tasks share nothing but what context makes safe; the order is not defined, so a task writes its
   result to place i. Threads that cannot be started are done without. Returns when all are done. */
void alf_parallel_for(int64_t count, int threads, void (*task)(void *context, int64_t i), void *context);

/* How many threads that number asks for: itself, or as many as there are processors; 64 at the most. */
int alf_parallel_threads(int threads);

#endif
