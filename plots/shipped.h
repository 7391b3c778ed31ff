/* Files that come with the program: gnuplot scripts, affinities, configs. */
#ifndef ALF_SHIPPED_H
#define ALF_SHIPPED_H

#include "alf/status.h"

#define ALF_SHIPPED_PATH 4096

/* Where the files `name` ("plots", "data", "configs", "examples") are: in the folder that the environment names in
   `variable`, else in share/alflab/NAME beside the running program: of the prefix that it is installed in, wherever
   that has been moved to, or of its build folder, where that is a link to the sources. Errors: ALF_EIO saying where
   there is no such folder; ALF_EINVAL when the path is too long. */
alf_status alf_shipped_folder(const char *variable, const char *name, char path[ALF_SHIPPED_PATH], alf_error *err);

#endif
