/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* The container's /dev: a detached tmpfs with the nodes that runtime-spec's config-linux.md ("Default
 * Devices") asks for, those of the specification, and the usual links. It is made outside the container's
 * user namespace, where nodes can be made at all; everything in it belongs to the container's root. @m is
 * the mount of /dev in the specification; NULL: the defaults.
 *
 * Who is root of a user namespace only may not make them, and makes empty files in their places. */
int device_tree_mount(const RuntimeSpec *spec, const RuntimeMount *m, int *ret_fd, Failure *reterr);

/* The rest, by the payload, when everything is mounted beneath @root_fd and the host's paths still mean the
 * host's: devices elsewhere than in a /dev of device_tree_mount() (@own_dev: there is one; else /dev is the
 * image's, and gets the default devices and links). Nodes that cannot be made are those of the host, bound;
 * what exists is left alone. No link leads to where a device of /dev goes. */
int device_complete_tree(const RuntimeSpec *spec, int root_fd, bool own_dev, Failure *reterr);
