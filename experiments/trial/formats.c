#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trial/sweep.h"

const char *const alf_trial_format_names[ALF_TRIAL_FORMATS] = {"shift", "step",  "loads",   "ones",
                                                               "twice", "stale", "padding", "groups"};

void alf_trial_format_text(int format, int64_t tokens, char text[ALF_CHOICE_TEXT])
{
  static const char *const texts[ALF_TRIAL_FORMATS] = {
      "shift=bfloat16", "step=bfloat16", "loads=bfloat16,ranks=8", "loads=bfloat16,ones=1", "twice=1",
      "stale=1",        "padding=",      "groups=4,kept=2"};
  strcpy(text, texts[format]);
  if (text[strlen(text) - 1] == '=')
    snprintf(text + strlen(text), 24, "%" PRId64, tokens / 8);
}
