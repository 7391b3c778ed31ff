#include <string.h>

#include "alf/claim.h"

/* A claim is one file in claims/ and one line here. */
#define CLAIMS(X)                                                                                                      \
  X(alf_claim_c1)                                                                                                      \
  X(alf_claim_c2)                                                                                                      \
  X(alf_claim_c3)                                                                                                      \
  X(alf_claim_c4)                                                                                                      \
  X(alf_claim_c5)                                                                                                      \
  X(alf_claim_c6)                                                                                                      \
  X(alf_claim_c7)                                                                                                      \
  X(alf_claim_c8)

/* A false variant stands in the file of its claim and has one line here. */
#define FALSE_CLAIMS(X)                                                                                                \
  X(alf_claim_c2_unconditional)                                                                                        \
  X(alf_claim_c3_any_rule)                                                                                             \
  X(alf_claim_c4_narrow)                                                                                               \
  X(alf_claim_c4_any_start)                                                                                            \
  X(alf_claim_c4_understated)

/* Their files are regret_verdict.c and hindsight_verdict.c. */
#define ONLINE_CLAIMS(X)                                                                                               \
  X(alf_claim_c9)                                                                                                      \
  X(alf_claim_c10)

#define DECLARE(name) extern const alf_claim name;
#define ENTRY(name)   &name,
CLAIMS(DECLARE)
FALSE_CLAIMS(DECLARE)
ONLINE_CLAIMS(DECLARE)

const alf_claim *const alf_claims[] = {CLAIMS(ENTRY) NULL};
const alf_claim *const alf_false_claims[] = {FALSE_CLAIMS(ENTRY) NULL};
const alf_claim *const alf_online_claims[] = {ONLINE_CLAIMS(ENTRY) NULL};

const alf_claim *alf_claim_find(const char *id)
{
  for (const alf_claim *const *claim = alf_claims; *claim; claim++)
    if (!strcmp((*claim)->id, id))
      return *claim;
  for (const alf_claim *const *claim = alf_false_claims; *claim; claim++)
    if (!strcmp((*claim)->id, id))
      return *claim;
  return NULL;
}
