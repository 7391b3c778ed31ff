/* Makes a counterexample small. */
#ifndef ALF_THEORY_SHRINK_H
#define ALF_THEORY_SHRINK_H

#include "alf/hunt.h"

/* Takes away what the refutation of the claim does not need; *result is that of what is left. Errors: ALF_ENOMEM. */
alf_status alf_shrink(const alf_claim *claim, alf_trial *trial, alf_claim_result *result, alf_error *err);

#endif
