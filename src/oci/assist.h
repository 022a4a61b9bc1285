/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "basic/failure.h"
#include "proto/message.h"

/* creel-assist does what takes a library that a static program cannot have. It is told by messages
 * (proto/message.h), and is gone when the socket is closed. */

typedef struct OciAssist {
        int socket_fd, pidfd;
} OciAssist;

/* Starts it for one kind of work ("scope", "seccomp"). */
int oci_assist_start(const char *work, OciAssist **ret, Failure *reterr);

/* Waits for the answer of type @type. What it says instead, or that it died, is the failure. */
int oci_assist_wait(OciAssist *a, MessageType type, Message **ret, Failure *reterr);

/* Closes the socket and collects the process, which does not take long once it has answered. */
OciAssist *oci_assist_free(OciAssist *a);
DEFINE_CLEANUP(OciAssist, oci_assist_free)
