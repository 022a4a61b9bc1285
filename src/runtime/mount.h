/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "spec/runtime-spec.h"

/* Mounts as file descriptors: made detached, attached by descriptor, checked afterwards. No path string of a
 * container ever reaches mount(2). */

/* A new instance of file system @type. The kernel's own explanation of a refusal becomes part of the
 * failure. */
int mount_new(const char *type, const char *source, const MountOptions *options, int *ret_fd,
              Failure *reterr);

/* The same by mount(2), in one text: for what is longer than fsconfig(2) takes. This process must be in a
 * mount namespace of its own; its working directory becomes /. */
int mount_new_by_text(const char *type, const char *source, const MountOptions *options, int *ret_fd,
                      Failure *reterr);

/* The same for callers that hold a configured context of fsopen(2): creates the instance and the mount. */
int mount_finish(int context_fd, const char *type, uint64_t attributes, int *ret_fd, Failure *reterr);

/* One option, "key" or "key=value". */
int mount_set_option(int context_fd, const char *type, const char *option, Failure *reterr);

/* Maps the ids of the detached mount as the user namespace does; with @recursive, of all mounts in it. */
int mount_idmap(int mount_fd, int userns_fd, bool recursive);

typedef enum MountTarget {
        MOUNT_TARGET_INSIDE,   /* links on the way are followed inside the root */
        MOUNT_TARGET_ITSELF,   /* the same, but one at the end is the place itself */
        MOUNT_TARGET_NO_LINKS, /* any link on the way is refused */
} MountTarget;

/* Opens, and makes when missing, the place for a mount: a directory, or a file where @directory is false. */
int mount_open_target(int root_fd, const char *path, MountTarget how, bool directory, int *ret_fd,
                      Failure *reterr);

/* Attaches the detached mount onto @target_fd and verifies that @path beneath @root_fd leads to it now. */
int mount_attach(int mount_fd, int target_fd, int root_fd, const char *path, MountTarget how,
                 Failure *reterr);

/* Makes a link like @link_fd (O_PATH) at @path. What is there already must be the same link. */
int mount_copy_link(int link_fd, int root_fd, const char *path, Failure *reterr);
