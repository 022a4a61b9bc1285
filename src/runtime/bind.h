/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* Bind mounts. The source is opened once, before anything of the container runs; what its path leads to
 * later does not matter. */

/* Opens the source of @m and its subpath (O_PATH). -EBADF in *@ret_fd is never success. */
int bind_open(const RuntimeMount *m, int *ret_fd, Failure *reterr);

/* A detached copy of what @source_fd is with the options of @m. @userns_fd: what its ids are mapped by, or
 * -EBADF. A source that is to be mounted as a link comes back as that. */
int bind_mount(const RuntimeMount *m, int source_fd, int userns_fd, int *ret_fd, Failure *reterr);

/* Sets attributes and propagation on a detached mount. While @m is still to be filled it stays writable. */
int bind_set_attributes(const RuntimeMount *m, int fd);
