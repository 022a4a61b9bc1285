/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The limits of a scope, which systemd sets, repeated in the cgroup beneath it that is all a container sees:
 * programs size their heaps and pools by what they read there. */

/* Copies every limit of @scope_fd into the fresh cgroup @payload_fd. What cannot be copied holds all the
 * same, from above. */
void limit_mirror_all(int scope_fd, int payload_fd);

bool limit_mirror_has(const char *name);
/* Copies one file, "memory.max", that has changed. 0 also where there is no such file. -EINVAL: not one of
 * them. */
int limit_mirror(int scope_fd, int payload_fd, const char *name);
