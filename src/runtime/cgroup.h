/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"

/* A delegated cgroup of version 2, by directory fd. Below it we are the single writer: the process that
 * watches lives in supervisor/, the container in payload/, which is all that the container gets (systemd,
 * CGROUP_DELEGATION.md). */

/* Opens the cgroup @path ("/machine.slice/creel-x.scope") of the host's hierarchy. */
int cgroup_open(const char *path, int *ret_fd);

/* Makes the two cgroups, moves this process into supervisor/ and @pid into payload/, enables every
 * controller there is for both and hands the latter over to @uid and @gid unless they are 0. */
int cgroup_split(int fd, pid_t pid, uid_t uid, gid_t gid, int *ret_payload_fd, Failure *reterr);

/* Writes "key=value" pairs (spec/cgroup-key.h) into files of @payload_fd, which is beneath the scope
 * @path. A controller that systemd does not know, such as hugetlb, is enabled on the way there.
 * Configuration: there is no such file, or the kernel refuses the value. */
int cgroup_configure(const char *path, int payload_fd, char *const *pairs, Failure *reterr);

/* Has a controller handed down from the hierarchy's root to the cgroup @path, whose children may have it as
 * well, where it has no processes. */
int cgroup_enable(const char *path, const char *controller);

/* Moves a process into the cgroup. */
int cgroup_attach(int fd, pid_t pid);

/* SIGKILL to every process in it and beneath. */
int cgroup_kill(int fd);

/* True when everything in the cgroup @path is frozen; false for one that is not there. */
bool cgroup_is_frozen(const char *path);

/* Lets it go on where it is frozen. */
int cgroup_thaw(int fd);

/* Waits until no process is left in it and beneath. -ETIMEDOUT. */
int cgroup_wait_empty(int fd, uint64_t timeout_usec);

/* True when the kernel's OOM killer has hit in there; false where there is no memory controller. */
bool cgroup_was_oom_killed(int fd);

/* Removes the payload cgroup when it is empty. -EBUSY: it is not. */
int cgroup_remove_payload(int fd);
