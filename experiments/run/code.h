/* Which code this program is made of. The build hashes the sources (run/code.cmake): a number that someone has to raise
   would be forgotten. Compiler and flags are left out: results do not depend on them. */
#ifndef ALF_RUN_CODE_H
#define ALF_RUN_CODE_H

#include "run/digest.h"

/* SHA-256 of the .c and .h files under a folder of the clone, or of one of them, as listed in CMakeLists.txt ("solvers",
   "experiments/run/kinds/iterate.c"); NULL for what is not listed. */
const char *alf_code_digest(const char *path);

/* Of several paths, separated by blanks; one that is not listed counts as its name. */
void alf_code_digests(const char *paths, char text[ALF_DIGEST_TEXT]);

/* The commit that was checked out when this was built, with what git describe says; "unknown" without git. */
const char *alf_code_commit(void);

#endif
