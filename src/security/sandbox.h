/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What our own workers keep while they work on bytes that nobody has checked. A profile is a table of
 * sandbox.c: namespaces, what of the file system remains, limits, capabilities, system calls.
 *
 * A system call that a profile does not list gets EPERM and a line in the audit log; one that is newer than
 * Linux 5.1 gets ENOSYS, so that the C library takes an older way. Calls of a foreign architecture kill the
 * process. */

typedef struct SandboxProfile SandboxProfile;

/* creel-pull: the network and the staging directory. All else of the file system is read-only. */
extern const SandboxProfile SANDBOX_PULL;
/* creel-unpack: nothing but the directory, which becomes "/". Threads, but no processes, sockets or new
 * programs. */
extern const SandboxProfile SANDBOX_UNPACK;
/* The same for emptying a directory: no ownership, no attributes, no device nodes. */
extern const SandboxProfile SANDBOX_REMOVE;

/* Enters the sandbox for good; to be called before there are threads, with @directory_fd open on the one
 * directory that the work is about. Steps that protect the host from more than one side are left out, with a
 * line at debug level, where the environment forbids them (inside another container) or the kernel has no
 * such thing; any other failure is returned, and the process must not go on. */
int sandbox_enter(const SandboxProfile *profile, int directory_fd);
