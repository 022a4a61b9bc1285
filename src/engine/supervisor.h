/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "engine/root.h"

/* creeld's end of one creel-supervise. */

/* Starts the program and sends it the work. The socket and the process are watched from now on; what happens
 * reaches the container through container_on_*(). @start is a SUPERVISE_START message without the fields
 * that this function adds (LISTEN, RUNTIME). */
typedef struct SupervisorStart {
        int spec_fd;
        int rootfs_fd;
        int seccomp_fd;
        const JobFds *fds;
        const RootStart *root;
        bool journal;
        unsigned notify_from; /* compile_notify_from() */
} SupervisorStart;

int supervisor_start(Container *c, const SupervisorStart *start, Supervisor **ret, Failure *f);
/* The scope is there. */
int supervisor_go(Supervisor *s, const char *cgroup);

/* A client that wants to read along, or to have the terminal. */
typedef struct AttachParameters {
        int session_fd, stdout_fd, stderr_fd; /* the latter may be -EBADF. Borrowed */
        bool wants_stdin;
} AttachParameters;

/* Asks the supervisor; @done is called once with the answer. */
int supervisor_attach(Supervisor *s, const AttachParameters *p, job_done_t done, void *userdata, Failure *f);

/* After creeld was restarted: connects to the socket of a supervisor that may be there. -ENOENT,
 * -ECONNREFUSED: it is not. */
int supervisor_reattach(Container *c, Supervisor **ret);

pid_t supervisor_pid(const Supervisor *s);
int supervisor_pidfd(const Supervisor *s);
/* Kills the process: used when the start has to be given up. */
void supervisor_kill(Supervisor *s);
/* Lets go. The process itself is reaped in the background if it is our child; @tree, when not NULL, names a
 * staged tree that is removed once the process is gone. */
void supervisor_release(Supervisor *s, const char *tree);
