/* The tables of the group exact. */
#ifndef ALF_BENCH_EXACT_TABLE_H
#define ALF_BENCH_EXACT_TABLE_H

#include "bench/contest.h"

/* Columns of times, in their order; exchange is what the others are compared with. */
enum { ALF_EXACT_EXCHANGE, ALF_EXACT_WARM, ALF_EXACT_LEMON, ALF_EXACT_CLP, ALF_EXACT_SIMPLEX, ALF_EXACT_COLUMNS };

/* Entrants where threads are compared. */
enum { ALF_EXACT_ONE_THREAD, ALF_EXACT_TWO_THREADS, ALF_EXACT_TWO_SOLVES };

/* "exact", "rounded", "differs": how entrant i's objective stands to that of the first; "" where one has none. */
const char *alf_exact_agreement(const alf_bench_contest *contest, int i);

/* "certified", "uncertified", "optimal", "timeout", "absent", "unsupported", "failed". */
const char *alf_exact_status(const alf_bench_contest *contest, int i);

void alf_exact_print_head(int threads);

/* column[j] is the entrant in column j, or -1. */
void alf_exact_print_row(const char *instance, const alf_bench_contest *contest, const int column[ALF_EXACT_COLUMNS]);

void alf_exact_print_threads_head(void);

/* The entrants: one thread, two, and two solves at once. */
void alf_exact_print_threads_row(const char *instance, const alf_bench_contest *contest);

#endif
