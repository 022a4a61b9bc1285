/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "runtime/payload.h"

/* One more process for a container that runs. This process goes first, into all of the container's
 * namespaces but that of processes, where it can be seen by nobody inside; the new one is born there and in
 * the payload's cgroup, without anything of the host but this program, which nobody inside can look into. */

typedef struct EnterTarget {
        pid_t leader; /* the container's first process */
        int leader_pidfd;
        int scope_fd;  /* cgroup with payload/ beneath, where the new process goes; -EBADF: see below */
        int cgroup_fd; /* the cgroup itself where it goes; both -EBADF: to the first process */
        bool cgroup_only; /* not to the first process's cgroup where this one takes no processes */
} EnterTarget;

struct Enter {
        int payload_fd, leader_cgroup_fd; /* cgroups: the payload's, and that of its first process */
        int cgroup_ns_fd;                 /* -EBADF: it is ours */
        int host_proc_fd;                 /* /proc of the host */
        bool has_mapping;                 /* another user namespace than ours */
        bool has_clocks;                  /* another time namespace */
        uint32_t root_uid, root_gid;      /* the container's root, on the host */
        bool shell, login;                /* see MESSAGE_EXEC_START */
};

#define ENTER_NONE                            \
        ((Enter){ .payload_fd = -EBADF,       \
                  .leader_cgroup_fd = -EBADF, \
                  .cgroup_ns_fd = -EBADF,     \
                  .host_proc_fd = -EBADF })

/* Opens everything that takes the host's root. Kind InvalidState: the container is gone. */
int enter_open(const EnterTarget *target, Enter *ret, Failure *reterr);
void enter_done(Enter *e);

/* Raises the hard limits of this process where the specification wants more: later nobody may any more. */
int enter_raise_limits(const RuntimeSpec *spec, Failure *reterr);

/* Joins the namespaces, but for the cgroup's, which only a process inside its cgroup may. */
int enter_join(const EnterTarget *target, const Enter *e, Failure *reterr);

/* clone3(2) into the cgroup. 0 in the child. */
pid_t enter_clone(const Enter *e, int *ret_pidfd);

/* The steps of the new process besides those that every payload takes. */
int enter_cgroup_namespace(Payload *p);
int enter_become_root(Payload *p);
int enter_open_root(Payload *p);
int enter_prepare_shell(Payload *p);
int enter_prepare_login(Payload *p);
int enter_open_cwd(Payload *p);
int enter_set_limits(Payload *p);
int enter_execute_shell(Payload *p);
