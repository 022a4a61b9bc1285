/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "oci/container.h"
#include "oci/passing.h"
#include "oci/readiness.h"
#include "runtime/runtime.h"

/* What ties the first process of a container to the caller of `create` and `run`: sockets, descriptors, the
 * terminal, and word that it is ready. */
typedef struct Attachment {
        Passing passing;
        int console_fd, pidfd_fd, receiver_fd; /* connected sockets; -EBADF: none */
        int master_fd;                         /* of the terminal, where nobody was sent it */
        Readiness readiness;
        bool detach;
} Attachment;

#define ATTACHMENT_NONE                       \
        ((Attachment){ .console_fd = -EBADF,  \
                       .pidfd_fd = -EBADF,    \
                       .receiver_fd = -EBADF, \
                       .master_fd = -EBADF,   \
                       .readiness = READINESS_NONE })

void attachment_done(Attachment *a);

/* In the directory of the caller. The paths may be NULL. */
int attachment_open(uint64_t preserve_fds, const char *console_socket, const char *pidfd_socket, bool detach,
                    Attachment *ret, Failure *f);

/* When the document is known: checks it, and brings it in line with the caller's terminal and environment.
 * @start: the container starts at once. @state_path: its directory of state. */
int attachment_prepare(Attachment *a, RuntimeSpec *spec, const char *console_socket, const OciContainer *c,
                       const char *state_path, bool start, Failure *f);

/* For the foreground: the terminal has our size from the beginning, and ends lines as who reads our output
 * expects them. */
void attachment_fit_terminal(RuntimeProcess *p);

/* What of it concerns the runtime; borrowed. */
void attachment_set_options(const Attachment *a, RuntimeOptions *o);

/* The process is there: everybody gets what they wanted. */
int attachment_announce(Attachment *a, Runtime *rt, Failure *f);
