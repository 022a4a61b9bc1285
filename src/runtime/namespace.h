/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec/runtime-spec.h"

/* The flags of clone(2) for the namespaces that the payload is born into. The cgroup namespace is not among
 * them: it can only be made once the payload is where its root shall be. */
uint64_t namespace_clone_flags(const RuntimeSpec *spec);

/* True when the specification asks for a new namespace, not for one that exists. */
bool namespace_is_new(const RuntimeSpec *spec, RuntimeNamespaceType type);

/* True when this process is in the user namespace that the kernel began with. */
bool namespace_is_initial_user(void);

/* A user namespace by path that is this process's own is none to the specification from then on: the kernel
 * joins nobody to his own. */
int namespace_forget_own_user(RuntimeSpec *spec, Failure *reterr);

/* Enters the existing namespaces that the specification names, so that children are born into them; not
 * the user and cgroup namespaces, nor that of processes when there is one of users: those are opened by
 * namespace_open(). This process needs to be root of what
 * owns them. @own_fds are -EBADF, and become this process's own namespaces where it has left them. */
int namespace_join(const RuntimeSpec *spec, int own_fds[static _RUNTIME_NAMESPACE_MAX], Failure *reterr);

/* Goes back there, and closes them. */
int namespace_return(int own_fds[static _RUNTIME_NAMESPACE_MAX]);

/* Opens the existing namespace of the type that the specification names, and verifies what it is. 0: it
 * names none. 1: *@ret_fd. */
int namespace_open(const RuntimeSpec *spec, RuntimeNamespaceType type, int *ret_fd, Failure *reterr);

/* Makes a child of this process with new namespaces (@flags of clone(2)) that the user namespace @userns_fd
 * owns and that is in it, in the process namespace @pidns_fd where that is one, and in the cgroup @cgroup_fd
 * where that is one. The child runs @child, which does not return. */
int namespace_clone_into(int userns_fd, int pidns_fd, int cgroup_fd, uint64_t flags,
                         void (*child)(void *userdata), void *userdata, pid_t *ret_pid, int *ret_pidfd);

/* Runs @run in the ipc and uts namespaces of @pid, with what this process may do, and returns its result. */
int namespace_call_in(pid_t pid, int (*run)(void *userdata), void *userdata);

/* Reads the mappings of the user namespace of @pid into the specification: it has the path alone. */
int namespace_read_maps(pid_t pid, RuntimeSpec *spec, Failure *reterr);

/* Writes the mappings of the user namespace that @pid was born into. */
int namespace_map(pid_t pid, const RuntimeSpec *spec, Failure *reterr);

/* The id outside for one inside; the id itself where there are no mappings, (uint32_t) -1 where none fits.
 */
uint32_t namespace_host_id(const RuntimeIdMapping *mappings, size_t n_mappings, uint32_t id);
