/* Runs with a format, on batches written out by hand. Include after support.h. */
#ifndef ALF_TEST_FORMATTED_H
#define ALF_TEST_FORMATTED_H

#include "alf/iterate.h"

/* A format from its text; fails the test when it is refused. */
alf_format alf_test_format(const char *text);

/* An iteration on `batch` with constant steps and p^0 = `shift` (NULL: 0), started on it. The caller frees. */
alf_iterate *alf_test_start(const alf_affinity *batch, const alf_rule *rule, double u, int32_t topk, const char *format,
                            const double *shift);

/* One update on the same batch. */
const alf_step *alf_test_step(alf_iterate *it, const alf_affinity *batch);

enum { ALF_SPY_EXPERTS = 8 };

/* A rule that lets the shift rest and keeps what it sees. */
extern const alf_rule alf_test_spy;
extern struct alf_test_spied {
  int64_t load[ALF_SPY_EXPERTS], slots, tokens;
  int asked;
  const alf_affinity *batch;
} alf_test_spied;

/* E = 2, K = 1: `first` tokens of a batch of T choose expert 0, the others 1. T×2 cells, room for them in `cells`. */
alf_affinity alf_test_split(int64_t *cells, int64_t tokens, int64_t first);

#endif
