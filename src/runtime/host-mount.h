/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime/fill-lock.h"
#include "runtime/mount-set.h"
#include "runtime/rootfs.h"
#include "spec/runtime-spec.h"

/* The mounts that only the host's root can make, on behalf of a payload that has its own namespaces. */

typedef struct HostMountContext {
        const RuntimeSpec *spec;
        const RootfsSource *root; /* has the layers of images, and the place for an overlay's changes */
        int userns_fd;            /* the container's; -EBADF: it has none */
        bool path_names;          /* see overlay_mount() */
} HostMountContext;

/* Makes @m, detached. *@ret_source_fd is what is to be given to the container's user later, or -EBADF. */
int host_mount_make(const HostMountContext *c, const RuntimeMount *m, int *ret_source_fd, int *ret_fd,
                    Failure *reterr);

/* Gives the source to the user that the container's command runs as, who is looked up in the tree @root_fd.
 */
int host_mount_chown(const HostMountContext *c, const RuntimeMount *m, int source_fd, int root_fd,
                     Failure *reterr);

/* Everything of the document that the payload cannot make, and the root, into @set, which may hold some on
 * failure as well. *@ret_root_fd: another descriptor of the root. */
int host_mount_all(const HostMountContext *c, FillLock *lock, MountSet *set, int *ret_root_fd,
                   Failure *reterr);
