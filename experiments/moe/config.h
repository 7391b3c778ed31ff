/* What alflab train is told by CONFIG.ini. */
#ifndef ALF_MOE_CONFIG_H
#define ALF_MOE_CONFIG_H

#include "moe/balancer.h"

enum { ALF_MOE_TEXT = 512, ALF_MOE_TRACES = 64 };

typedef struct alf_moe_config {
  alf_moe_shape shape;
  /* training */
  int64_t steps, warm_up, validate_every, validation_batches, checkpoint_every, measure_every;
  uint64_t seed;
  double rate, least_rate, first, second, decay, clip, validation;
  /* balance */
  char rule[ALF_MOE_TEXT], schedule[ALF_MOE_TEXT];
  double u; /* 0: the rule's usual one */
  /* data and output */
  char text[ALF_MOE_TEXT];
  int64_t trace[ALF_MOE_TRACES]; /* steps whose affinities are kept */
  int traces;
} alf_moe_config;

/* Reads a file, over the defaults. Errors: ALF_EIO; ALF_EFORMAT naming file, line, key, value and what was expected; an
   unknown key is told those there are. */
alf_status alf_moe_config_read(alf_moe_config *config, const char *path, alf_error *err);

/* Sets one "section.key" as if the file had it. Errors: ALF_EINVAL. */
alf_status alf_moe_config_set(alf_moe_config *config, const char *key, const char *value, alf_error *err);

/* The defaults: a model for two cores. */
alf_moe_config alf_moe_config_default(void);

/* Rule and schedule by their names. Errors: ALF_EINVAL. */
alf_status alf_moe_config_balance(const alf_moe_config *config, alf_balance_settings *balance, alf_error *err);

/* Prints all keys with their values, as a file that reads back to the same. */
void alf_moe_config_print(const alf_moe_config *config, char *text, size_t size);

#endif
