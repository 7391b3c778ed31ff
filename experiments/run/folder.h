/* Folders of cells at work, and for files that nobody keeps. */
#ifndef ALF_RUN_FOLDER_H
#define ALF_RUN_FOLDER_H

#include <stddef.h>

#include "alf/status.h"

/* Makes a folder, and the one it is in, unless they are there. Errors: ALF_EIO. */
alf_status alf_folder_make(const char *path, alf_error *err);

/* Makes a new folder under TMPDIR, or /tmp, and says where. Errors: ALF_EIO, also for a path that has no room. */
alf_status alf_folder_temporary(char *path, size_t size, alf_error *err);

/* Removes the folder with the files in it, if it is there. */
void alf_folder_remove(const char *path);

#endif
