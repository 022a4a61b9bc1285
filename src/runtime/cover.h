/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Binds a file with this content over @path beneath the root. It lives in memory, belongs to the container's
 * root and may be written to; the image's own file is not touched, and no link of the image leads anywhere
 * else. The root has to be attached. @scratch_fd: a directory that is a mount of the container, in front of
 * which the file system of the new file stands for a moment. */
int cover_file(int root_fd, int scratch_fd, const char *path, const char *content, Failure *reterr);
