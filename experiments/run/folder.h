/* Folders of cells at work. */
#ifndef ALF_RUN_FOLDER_H
#define ALF_RUN_FOLDER_H

#include "alf/status.h"

/* Makes a folder, and the one it is in, unless they are there. Errors: ALF_EIO. */
alf_status alf_folder_make(const char *path, alf_error *err);

/* Removes the folder with the files in it, if it is there. */
void alf_folder_remove(const char *path);

#endif
