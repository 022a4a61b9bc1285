/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* The container's /dev: a detached tmpfs with the nodes that runtime-spec's config-linux.md ("Default
 * Devices") asks for, those of the specification, and the usual links. It is made outside the container's
 * user namespace, where nodes can be made at all; everything in it belongs to the container's root. @m is
 * the mount of /dev in the specification; NULL: the defaults. */
int device_tree_mount(const RuntimeSpec *spec, const RuntimeMount *m, int *ret_fd, Failure *reterr);
