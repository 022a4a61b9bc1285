/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A cgroup of version 2 with everything beneath it, by directory fd, where no systemd and no supervisor
 * stands between: made, frozen, signalled, removed. cgroup.h has what the supervisor needs. */

#define CGROUP_PIDS_MAX (1u << 20)
#define CGROUP_DEPTH_MAX 64u

/* Makes the cgroup @path ("/a/b", from the hierarchy's root) with what leads there, and has every controller
 * there is handed down to it; one that refuses is left out. *@ret_made says whether the last component is
 * new. -EOPNOTSUPP: no hierarchy of version 2. */
int cgroup_make(const char *path, int *ret_fd, bool *ret_made);

/* The same beneath the directory @fd. @name is a relative path; every directory on the way is handed the
 * controllers of the one above. */
int cgroup_make_beneath(int fd, const char *name, int *ret_fd, bool *ret_made);

/* Hands the cgroup to @uid and @gid (cgroups(7), "Delegation"). */
int cgroup_delegate(int fd, uid_t uid, gid_t gid);

/* The processes in it and beneath, in no order. */
int cgroup_pids(int fd, pid_t **ret, size_t *ret_n);
/* Is there a process in it or beneath? Negative errno: it cannot be told. */
int cgroup_is_populated(int fd);
/* Is it frozen, by its own switch or by one above? */
int cgroup_tree_is_frozen(int fd);

/* Stops all processes, and returns when they stand. -ETIMEDOUT: they do not, and go on. */
int cgroup_freeze(int fd, uint64_t timeout_usec);
/* The opposite; returns when they go on. */
int cgroup_unfreeze(int fd, uint64_t timeout_usec);

/* Sends @signal to every process in it and beneath. SIGKILL leaves nobody out. */
int cgroup_signal(int fd, int signal);

/* Removes it, @path as above, and everything beneath, whose processes are killed first. Success where there
 * is none. -EBUSY: processes that do not die. */
int cgroup_remove(const char *path, uint64_t timeout_usec);
/* The same without killing anybody: -EBUSY where processes stay longer. */
int cgroup_remove_unused(const char *path, uint64_t timeout_usec);

/* Kills what is in it and beneath, and waits until that is gone. Success where there is no such cgroup. */
int cgroup_empty(const char *path, uint64_t timeout_usec);

/* A file of the cgroup, at most @size - 1 bytes, NUL-terminated. */
int cgroup_read(int fd, const char *name, char *buf, size_t size);
int cgroup_write(int fd, const char *name, const char *value);
/* The number behind "KEY " in a file of such lines. -ENODATA: none. */
int cgroup_read_keyed(int fd, const char *name, const char *key, uint64_t *ret);
/* The number that the file is; "max" is UINT64_MAX. */
int cgroup_read_number(int fd, const char *name, uint64_t *ret);
