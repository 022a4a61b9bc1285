/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Advisory locks as systemd has them (open file description locks on a file of their own, which is unlinked
 * by who held it last), so that its programs and ours keep each other out. The lock lives as long as the
 * descriptor and its copies, in whatever process. */

/* Takes the lock at once, making the file @name beneath @dirfd. -EBUSY: somebody else has it. */
int lock_file_take(int dirfd, const char *name, bool exclusive, int *ret_fd);

/* Unlinks the file, unless somebody else shares the lock, and closes *@fd, which becomes -EBADF. */
void lock_file_release(int *fd);
