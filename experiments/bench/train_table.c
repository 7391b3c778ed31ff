#include "bench/train_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "moe/rows.h"

void alf_train_print_head(void)
{
  printf(
      "A step of training, without validation and exact optima; sgemm: its matrix products alone, whole and in memory\n"
      "that they share, by OpenBLAS (core %s; rows by %s). Both in milliseconds that keep one thread busy, the least "
      "of\n"
      "several that take turns; ratio: sgemm / step. Then by the clock, on one thread and on two. optimum: for the\n"
      "certified optima of a batch, all layers.\n\n",
      alf_gemm_core(), alf_rows_fastest()->name);
  printf("%-14s %6s %9s %7s  %9s %8s  %9s %8s  %6s  %8s %8s  %9s %8s %6s  %10s  %s\n", "model", "tokens", "products",
         "GFLOP", "sgemm ms", "GFLOP/s", "step ms", "GFLOP/s", "ratio", "clock ms", "tokens/s", "2 thr. ms", "tokens/s",
         "2thr x", "optimum ms", "result");
}

static void print_result(const alf_train_outcome *o)
{
  const alf_gemm_shape *s = &o->wrong_shape;
  if (o->wrong)
    printf("  OpenBLAS IS WRONG for %c%c %lld x %lld x %lld\n", s->transpose_a ? 'T' : 'N', s->transpose_b ? 'T' : 'N',
           (long long)s->m, (long long)s->n, (long long)s->k);
  else
    printf("  %s\n", o->pace[1].differs ? "2 threads DIFFER" : "same losses on both");
}

void alf_train_print_row(const alf_train_outcome *o)
{
  const alf_train_pace *one = &o->pace[0], *two = &o->pace[1];
  double tokens = (double)alf_moe_tokens(o->shape), giga = o->operations * 1e-9;
  printf("%-14s %6.0f %9lld %7.2f  %9.2f %8.1f  %9.2f %8.1f  %6.3f", o->name, tokens, (long long)o->products, giga,
         o->products_processor * 1e3, giga / o->products_processor, one->processor * 1e3, giga / one->processor,
         o->products_processor / one->processor);
  printf("  %8.2f %8.0f  %9.2f %8.0f %6.2f  %10.2f", one->seconds * 1e3, tokens / one->seconds, two->seconds * 1e3,
         tokens / two->seconds, one->seconds / two->seconds, one->optimum * 1e3);
  print_result(o);
  fflush(stdout);
}

/* Names without spaces, as columns. */
void alf_train_print_shares_head(void)
{
  printf("\nShare of the time of all threads in that step, %%\n\n%-14s %7s", "model", "threads");
  for (int part = 0; part < ALF_MOE_PARTS; part++)
    if (part != ALF_PART_OPTIMUM && part != ALF_PART_VALIDATION)
      printf("  %s", alf_moe_part_name[part]);
  putchar('\n');
}

void alf_train_print_shares(const alf_train_outcome *o)
{
  for (const alf_train_pace *pace = o->pace; pace < o->pace + 2; pace++) {
    double all = 0;
    for (int part = 0; part < ALF_MOE_PARTS; part++)
      all += pace->part[part];
    printf("%-14s %7d", o->name, pace->threads);
    for (int part = 0; part < ALF_MOE_PARTS; part++)
      if (part != ALF_PART_OPTIMUM && part != ALF_PART_VALIDATION)
        printf("  %*.1f", (int)strlen(alf_moe_part_name[part]), 100 * pace->part[part] / all);
    putchar('\n');
  }
  fflush(stdout);
}
