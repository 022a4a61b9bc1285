/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime/mount-set.h"
#include "spec/runtime-spec.h"

/* A container with CAP_SYS_ADMIN may change the flags of the mounts in its namespace, and take them away.
 * What the kernel copies into the mount namespace of a lesser user namespace it locks, however
 * (mount_namespaces(7), "Restrictions on mount namespaces"): read-only and the like stay, and what lies
 * beneath a mount in there stays hidden. The bind mounts of the host in @set, detached so far, take that
 * way once: each is replaced by its locked copy. Those that are shared with the host stay as they are, for
 * they would not be shared any more; and without a user namespace
 * (@userns_fd -EBADF) or the capability there is nothing to do. */
int lock_binds(const RuntimeSpec *spec, int userns_fd, MountSet *set, Failure *reterr);
