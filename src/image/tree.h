/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Removes everything beneath the directory @fd, not the directory itself. Links are not followed, mounts not
 * entered. Uses memory and fds for a bounded number of levels only: what lies deeper is moved up first, so
 * that neither depth nor path length has a limit. Immutable and append-only flags are taken off where they
 * are in the way. -EBUSY: something is mounted beneath; what could go is gone. */
int tree_clear(int fd);

/* Removes @name beneath @dirfd, whatever it is; nothing by that name is fine. */
int tree_remove(int dirfd, const char *name);
