/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"

/* What callers get by a socket they named: the master of a container's terminal (--console-socket), and a
 * descriptor of its first process (--pidfd-socket, the annotation run.oci.pidfd_receiver). Both are stream
 * sockets, to which one message with SCM_RIGHTS is sent. */

/* Refuses what cannot be: a terminal that nobody would have, or a socket without a terminal to send. */
int console_check(bool terminal, bool detach, const char *socket, Failure *f);

/* Connects to @path, relative to the working directory of now. @option is for messages: "--console-socket".
 */
int console_connect(const char *option, const char *path, int *ret_fd, Failure *f);

/* Sends the master; the message is the path of its other side, as it is called in the container. */
int console_send_terminal(int socket_fd, int master_fd, Failure *f);

/* Sends a descriptor of a process. The message is "standard" for a container's first process, as runc has
 * it, else "setns". */
int console_send_process(int socket_fd, int pidfd, bool first, Failure *f);
