/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/macro.h"

/* openat2(2). @resolve: RESOLVE_* flags. O_CLOEXEC is always added. EAGAIN (a racing rename) is retried a
 * bounded number of times. */
int path_openat2(int dirfd, const char *path, uint64_t flags, mode_t mode, uint64_t resolve, int *ret_fd);

/* The one way to open a path that comes out of an image or a container: resolved as if @rootfd were "/",
 * never leaving it, never through /proc magic links, never blocking on a fifo. @flags as for open(2).
 * -ELOOP, -EXDEV, -ENOENT as openat2. */
int path_open_in_root(int rootfd, const char *path, int flags, int *ret_fd);

/* Reads a regular file inside an untrusted root, at most @max_bytes. -EBADMSG: not a regular file, or NUL
 * bytes inside. */
int path_read_in_root(int rootfd, const char *path, size_t max_bytes, char **ret);

/* Creates every missing directory of @path beneath @rootfd, component by component, resolving existing links
 * inside the root only; opens the last one O_PATH|O_DIRECTORY. New directories get @mode and, unless they
 * are (uid_t) -1, @uid and @gid. */
int path_mkdir_in_root(int rootfd, const char *path, mode_t mode, uid_t uid, gid_t gid, int *ret_fd);

/* mkdir -p for paths of our own. Existing directories are fine. */
int path_mkdir_parents(int dirfd, const char *path, mode_t mode);

/* True for a name that is one component: not empty, no slash, neither "." nor "..", at most 255 bytes. */
bool path_component_is_valid(const char *s);

/* Joins with exactly one slash. */
int path_join(const char *a, const char *b, char **ret);

/* Removes @name beneath @dirfd with everything in it, never following links nor crossing file systems, as
 * long as no more than
 * @max_entries have to go. -E2BIG: more than that; what was removed by then is gone. -ENOENT: not there. */
int path_remove_tree(int dirfd, const char *name, uint64_t max_entries);
