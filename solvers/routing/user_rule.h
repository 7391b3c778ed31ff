/* Rules in shared objects (alf_rule_export). */
#ifndef ALF_ROUTING_USER_RULE_H
#define ALF_ROUTING_USER_RULE_H

#include "alf/rule.h"

/* Loads the file, checks what it exports, and leaves it loaded for the rest of the process; the same path gives the same
   rule. A path without '/' is one in the working folder. Errors: ALF_EIO for a file that is not there, ALF_EFORMAT for
   one that is no shared object, or exports no rule, one of another ABI or one that is not sound; *rule is then NULL. */
alf_status alf_user_rule_load(const char *path, const alf_rule **rule, alf_error *err);

#endif
