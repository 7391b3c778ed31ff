/* The instances that rules are compared on. */
#ifndef ALF_BENCH_TRIAL_SUITE_H
#define ALF_BENCH_TRIAL_SUITE_H

#include "cli/options.h"
#include "trial/instance.h"

/* How those options ask for trials to be run. */
alf_trial_settings alf_trial_settings_of(const alf_cli_options *options);

/* How many instances those options ask for, where every INPUT counts as one. */
int alf_trial_suite_size(const alf_cli_options *options);

/* Builds one instance after the other, with its certified optima, and calls visit on each; it is gone afterwards.
   Those of the suite: families with their shapes and K, then the shipped traces (ALFLAB_DATA names another folder).
   Where there are INPUTs, these instead: each batch of one, repeated, or the first 1000 batches of a longer stream, with
   the K of the options. --quick: a few small ones. Errors: those of reading and of visit; ALF_ESOLVER for an optimum
   that is not certified. */
typedef alf_status (*alf_trial_visit)(void *context, alf_trial_instance *instance, alf_error *err);
alf_status alf_trial_each_instance(const alf_cli_options *options, alf_trial_visit visit, void *context,
                                   alf_error *err);

#endif
