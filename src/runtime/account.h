/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "runtime/user.h"
#include "spec/runtime-spec.h"

/* Entries in /etc/passwd and /etc/group for a user that is a number which the image does not know, as podman
 * makes them. */

/* What has to be added for @username (USER[:GROUP]) who runs as @u: a line, or NULL where there is nothing
 * to add. @template may be NULL: the line is then podman's. */
int account_passwd_line(int root_fd, const char *username, const User *u, const char *home,
                        const char *template, char **ret);
int account_group_line(int root_fd, const char *username, const char *template, char **ret);

/* Adds them in copies that are bound over the image's files, unless these do not exist or are mounts of the
 * specification, and completes what @u says of the home directory. @scratch_fd: cover_file(). */
int account_complete(const RuntimeSpec *spec, int root_fd, int scratch_fd, User *u, Failure *reterr);
