/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* The kernel lets a process move to another cgroup only after an RCU grace period
 * (cgroup_threadgroup_rwsem), some 10 ms, unless another one has just moved. This begins the wait in the
 * background: a child in our own memory "moves" itself to the cgroup that it is in, whose cgroup.procs is
 * @procs_fd, which changes nothing. Not to be called while the last one is under way. The caller reaps. */
int migration_begin(int procs_fd, pid_t *ret_pid, int *ret_pidfd);
