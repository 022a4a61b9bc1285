/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* NOTIFY_SOCKET of our caller, which is a service manager: the container gets a socket of its own, and what
 * it says there by sd_notify(3) is passed on. As with crun, a directory takes the place of the caller's
 * socket, and the container finds the socket "notify" in it.
 *
 * `create` prepares the container; whoever starts it (`start`, `run`) listens. `start` and detached `run`
 * end when the container is ready; in the foreground everything is passed on. */

#define READINESS_DIRECTORY "notify" /* in the container's directory of state */

typedef struct Readiness {
        int socket_fd;  /* ours, in the container; -EBADF: nobody is to be told */
        int manager_fd; /* connected to NOTIFY_SOCKET */
} Readiness;

#define READINESS_NONE ((Readiness){ .socket_fd = -EBADF, .manager_fd = -EBADF })

void readiness_done(Readiness *r);

/* Adds the mount of STATE_PATH/notify and the variable NOTIFY_SOCKET to the document, and makes the
 * directory. Nothing is done where NOTIFY_SOCKET is not set. @state_path, @state_fd: the container's
 * directory. */
int readiness_prepare(RuntimeSpec *spec, const char *state_path, int state_fd, Failure *f);

/* Opens the socket, before the container starts. *@ret stays READINESS_NONE where NOTIFY_SOCKET is not set,
 * the container was not prepared, or nobody listens there. */
int readiness_open(int state_fd, Readiness *ret, Failure *f);

/* Passes on what has come; for the foreground, where we stay the main process. For RelayOptions.on_watched.
 */
int readiness_pass_on(void *readiness);

/* Waits for READY=1 of the container, or its end, and passes it on together with its main process, @pid. */
int readiness_wait(Readiness *r, pid_t pid, int pidfd, Failure *f);
