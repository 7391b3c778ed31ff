/* A config of alflab run: an .ini with a section [experiment]. Its keys are kind, title, seed, repetitions, threads and
   those of the kind, each of which may have several values (values.h). A key that is given again, or goes on in an
   indented line, adds to its values. Each section [also] or [also NAME], fifteen at most, stands for more cells: they differ from those of
   [experiment] in the keys that it gives. [quick] and [quick also NAME] have other values for some keys, for a run that is to
   end soon (sections.h). */
#ifndef ALF_RUN_CONFIG_H
#define ALF_RUN_CONFIG_H

#include "run/values.h"

/* Zero-initialise; alf_config_free copes with any state. */
typedef struct alf_config {
  alf_memory memory; /* of the texts */
  const alf_experiment *experiment;
  const char *name;  /* of the file, without its folder and ".ini" */
  const char *base;  /* its folder: "" or ending in '/' */
  const char *title; /* "" where there is none */
  const char *text;  /* of the file, and behind it what --set has changed, as a comment */
  uint64_t seed;     /* the root */
  int64_t repetitions;
  int threads;            /* of a cell */
  int keys, grids;        /* grids: 1, and 1 for each [also] */
  alf_key_values *values; /* grids × keys, in the order of the kind's */
} alf_config;

/* Reads a file; `set` is "KEY=VALUE;…", each instead of what the file says of that key; NULL: nothing. Errors: ALF_EIO;
   ALF_EFORMAT naming file and line, key, value and what was expected; an unknown key is told those there are; ALF_EINVAL
   for what is wrong with `set`; ALF_ENOMEM. */
alf_status alf_config_read(alf_config *config, const char *path, const char *set, alf_error *err);

/* The same with what [quick] says; ALF_EFORMAT where there is no such section. */
alf_status alf_config_read_quick(alf_config *config, const char *path, const char *set, alf_error *err);

/* As alf_config_read for a text; `path` is what it is called. */
alf_status alf_config_parse(alf_config *config, const char *path, const char *text, const char *set, alf_error *err);

void alf_config_free(alf_config *config);

#endif
