/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "basic/socket.h"
#include "basic/str.h"
#include "oci/console.h"

int console_check(bool terminal, bool detach, const char *socket, Failure *f) {
        if (terminal && detach && isempty(socket))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "a detached process with a terminal needs somebody who takes it: use "
                                   "--console-socket");
        if (isempty(socket) || (terminal && detach))
                return 0;
        return failure_set(
                        f, FAILURE_INVALID_ARGUMENT,
                        terminal ? "--console-socket is for detached processes; this one has the terminal "
                                   "of its caller"
                                 : "--console-socket is given, but the process has no terminal "
                                   "(process.terminal, or --tty)");
}

int console_connect(const char *option, const char *path, int *ret_fd, Failure *f) {
        int r;

        r = socket_connect(path, SOCK_STREAM, ret_fd);
        return r < 0 ? failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r, "%s: cannot connect to %s", option,
                                         path)
                     : 0;
}

int console_send_terminal(int socket_fd, int master_fd, Failure *f) {
        char path[32];
        unsigned number;
        int r;

        r = ioctl(master_fd, TIOCGPTN, &number) < 0 ? negative_errno() : 0;
        if (r >= 0) {
                (void) snprintf(path, sizeof(path), "/dev/pts/%u", number);
                r = socket_send_fd(socket_fd, master_fd, path);
        }
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r,
                                         "cannot send the terminal to the console socket")
                     : 0;
}

int console_send_process(int socket_fd, int pidfd, bool first, Failure *f) {
        int r;

        r = socket_send_fd(socket_fd, pidfd, first ? "standard" : "setns");
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r,
                                         "cannot send the process's descriptor to the pidfd socket")
                     : 0;
}
