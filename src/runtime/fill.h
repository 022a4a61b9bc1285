/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Copying and giving away of trees by file descriptor. Links are taken as links, so nothing outside of the
 * two directories is touched, whoever else changes things in there meanwhile. */

/* -ENOTDIR, and errors of reading. 1: nothing is in it. */
int fill_is_empty(int directory_fd);

/* Copies what is in @from_fd into @to_fd with owners, modes, times, links, and attributes; what the caller
 * may not make (devices, foreign owners) is left out. @with_root: the directory itself takes owner and mode,
 * too. -ELOOP: more than 512 levels. */
int fill_copy(int from_fd, int to_fd, bool with_root);

/* Gives @fd (O_PATH, or a mount) and everything beneath to @uid and @gid, without crossing into other file
 * systems. */
int fill_chown(int fd, uid_t uid, gid_t gid);
