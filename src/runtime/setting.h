/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "spec/runtime-spec.h"

/* linux.sysctl. Settings of the network are made by the payload, where group ids mean what they mean inside;
 * all others by this process, in the payload's namespaces, where it has a user namespace: before Linux 6.9
 * its own root may not change the limits of its own IPC namespace. */

/* Makes those that the payload cannot. */
int setting_write_outside(const RuntimeSpec *spec, pid_t pid, Failure *reterr);
/* Makes the rest. *@proc_fd is a procfs of the payload's own; -EBADF: one is made and left there. */
int setting_write_inside(const RuntimeSpec *spec, int *proc_fd, Failure *reterr);
