/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "spec/system-mode.h"

/* What the container's root is made of. */
typedef struct RootfsSource {
        int directory_fd;           /* a ready tree; -EBADF: the layers that follow */
        bool as_is;                 /* the tree belongs to whom it shall belong to, and mounts are as the
                                       document says and no better: what OCI runtimes do. Its source paths
                                       are absolute by then */
        bool follow;                /* what the host mounts beneath it later is seen inside */
        bool overlay;               /* the tree stays as it is: it is the one layer */
        VolatileMode volatile_mode; /* VOLATILE_STATE is no matter of the root */
        int layers_fd;        /* directory; the tree of layer X is X/tree */
        char *const *layers;  /* from the base; none: an empty image */
        int upper_fd;         /* directory with the directories "upper" and "work" */
} RootfsSource;

/* A detached mount of the container's root. Where @userns_fd is one, each layer is idmapped before the
 * merge, so that layers stay as they are on disk and the upper directory belongs to the container's range,
 * whose root is @root_uid,
 * @root_gid.
 *
 * Kernels before 6.15 merge only layers that are mounted somewhere: there this process visits a mount
 * namespace of its own, which follows the host's. @path_names forces that way; it is for tests.
 *
 * A tree is idmapped unless its root belongs to @root_uid already. With VOLATILE_YES the root is an empty
 * tmpfs, and *@ret_usr_fd is what has to be mounted on its usr; else that is -EBADF. */
int rootfs_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                 bool path_names, int *ret_fd, int *ret_usr_fd, Failure *reterr);
