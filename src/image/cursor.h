/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* The directories from a tree's root down to the one that is being filled, all held open. Archives are
 * sorted, so moving to the next member opens or closes one directory or none. Names are resolved component
 * by component: a plain directory by openat(O_NOFOLLOW), a symbolic link by openat2(RESOLVE_IN_ROOT), so
 * that an image whose /lib is a link to usr/lib works as it does in other engines and nothing ever resolves
 * out of the tree.
 *
 * When the cursor leaves a directory it puts back the modification time which that had when the cursor came,
 * so directories keep the times the archive gave them, in whatever order the members come and without a list
 * of them. */

typedef struct Cursor Cursor;

/* Borrows @rootfd. */
int cursor_new(int rootfd, Cursor **ret);
Cursor *cursor_free(Cursor *c); /* does not put times back */
DEFINE_CLEANUP(Cursor, cursor_free)

/* Moves to the directory @path (normal form, see member.h; @n bytes of it), making directories that are
 * missing (0755, root:root) and replacing whiteouts by opaque directories. *@ret_fd is borrowed until the
 * next move. FAILURE_REGISTRY: something in the way is not a directory. */
int cursor_move(Cursor *c, const char *path, size_t n, int *ret_fd, Failure *reterr);

/* New entries in the present directory inherit group or access lists from it. */
bool cursor_inherits(const Cursor *c);
/* From now on, look for default access lists as well. */
void cursor_expect_acl(Cursor *c);

/* The root's own time, for cursor_move() to put back. */
void cursor_set_root_time(Cursor *c, const struct timespec *mtime);

/* Leaves all directories. Errors as futimens(2). */
int cursor_finish(Cursor *c);

/* overlayfs's two marks (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"). */
bool whiteout_is(mode_t mode, dev_t rdev);
int whiteout_make(int dirfd, const char *name);
int opaque_mark(int fd);
/* Makes the directory @name, opaque, where there is a whiteout or another non-directory that has to go. */
int opaque_replace(int dirfd, const char *name, mode_t mode);
