/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "config.h"
#include "oci/assist.h"

#define PROGRAM CREEL_LIBEXECDIR "/creel-assist"

/* What finds a user's own systemd, and how much is logged. */
static const char *const variables[] = { "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "CREEL_LOG_LEVEL" };

static int make_environment(char ***ret) {
        _cleanup_strv_free_ char **env = NULL;

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *value = getenv(variables[i]);
                char *assignment;

                if (!value)
                        continue;
                if (string_format(&assignment, "%s=%s", variables[i], value) < 0 ||
                    strv_consume(&env, assignment) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(env);
        return 0;
}

int oci_assist_start(const char *work, OciAssist **ret, Failure *reterr) {
        _cleanup_close_ int program_fd = open(PROGRAM, O_PATH | O_CLOEXEC), ours = -EBADF, its = -EBADF;
        _cleanup_(oci_assist_freep) OciAssist *a = new0(OciAssist, 1);
        _cleanup_strv_free_ char **env = NULL;
        int pair[2], r;
        pid_t pid;

        if (!a)
                return -ENOMEM;
        *a = (OciAssist){ -EBADF, -EBADF };
        if (program_fd < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot open " PROGRAM ", which is a part of Creel");
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return negative_errno();
        ours = pair[0];
        its = pair[1];
        r = make_environment(&env);
        if (r < 0)
                return r;
        r = spawn_run(&(Spawn){ .exec_fd = program_fd,
                                .argv = (char *[]){ (char *) "creel-assist", (char *) work, NULL },
                                .env = env,
                                .fds = &its,
                                .n_fds = 1,
                                .stdio_fds = { -EBADF, -EBADF, -EBADF } },
                      &pid, &a->pidfd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot execute " PROGRAM);
        a->socket_fd = TAKE_FD(ours);
        *ret = TAKE_PTR(a);
        return 0;
}

int oci_assist_wait(OciAssist *a, MessageType type, Message **ret, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;
        const char *error = "", *text = "";
        int r;

        r = message_recv(a->socket_fd, &m);
        if (r == 0)
                r = -ECONNRESET;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "creel-assist did not answer");
        if (message_type(m) == type) {
                *ret = TAKE_PTR(m);
                return 0;
        }
        if (message_type(m) != MESSAGE_FAILED)
                return failure_set(reterr, FAILURE_SYSTEM, "creel-assist answered something else");
        (void) message_get_string(m, FIELD_ERROR, &error);
        (void) message_get_string(m, FIELD_TEXT, &text);
        r = failure_kind_from_string(error);
        return failure_set(reterr, r < 0 ? FAILURE_SYSTEM : (FailureKind) r, "%s", text);
}

OciAssist *oci_assist_free(OciAssist *a) {
        if (!a)
                return NULL;
        (void) fd_close(a->socket_fd);
        if (a->pidfd >= 0)
                (void) waitid(P_PIDFD, (id_t) a->pidfd, &(siginfo_t){}, WEXITED);
        (void) fd_close(a->pidfd);
        return mfree(a);
}
