/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"
#include "engine/reaper.h"
#include "engine/worker.h"

struct Worker {
        Engine *engine;
        pid_t pid;
        int pidfd, socket_fd;
        sd_event_source *source;
        worker_message_t callback;
        void *userdata;
};

static int on_worker_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        Worker *w = userdata;
        int r;

        r = message_recv(fd, &m);
        if (r == -EAGAIN)
                return 0;
        if (r < 0)
                log_debug_errno(r, "Worker %d sent what is no message, giving it up: %m", (int) w->pid);
        if (r <= 0)
                (void) sd_event_source_set_enabled(w->source, SD_EVENT_OFF);
        w->callback(w, r > 0 ? m : NULL, w->userdata);
        return 0;
}

int worker_start(Engine *e, int program_fd, const char *name, worker_message_t callback, void *userdata,
                 Worker **ret) {
        _cleanup_(worker_freep) Worker *w = new0(Worker, 1);
        _cleanup_close_ int theirs = -EBADF;
        char *const argv[] = { (char *) name, NULL };
        int pair[2], r;

        if (!w)
                return -ENOMEM;
        *w = (Worker){
                .engine = e, .pidfd = -EBADF, .socket_fd = -EBADF, .callback = callback, .userdata = userdata
        };

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return negative_errno();
        w->socket_fd = pair[0];
        theirs = pair[1];
        r = fd_set_nonblock(w->socket_fd, true);
        if (r < 0)
                return r;

        r = spawn_run(&(const Spawn) {
                              .exec_fd = program_fd,
                              .argv = argv,
                              .fds = &theirs,
                              .n_fds = 1,
                              .stdio_fds = { -EBADF, -EBADF, -EBADF },
                              .die_with_parent = true,
                      },
                      &w->pid, &w->pidfd);
        if (r < 0)
                return r;
        r = sd_event_add_io(e->event, &w->source, w->socket_fd, EPOLLIN, on_worker_io, w);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

int worker_hear_first(Worker *w) {
        return sd_event_source_set_priority(w->source, SD_EVENT_PRIORITY_NORMAL - 5);
}

int worker_send(Worker *w, const Message *m) {
        return message_send(w->socket_fd, m);
}

Worker *worker_free(Worker *w) {
        return worker_free_tree(w, NULL);
}

Worker *worker_free_tree(Worker *w, StagedTree *tree) {
        if (!w)
                return NULL;
        (void) sd_event_source_disable_unref(w->source);
        (void) fd_close(w->socket_fd);
        if (w->pidfd >= 0) {
                (void) syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
                reaper_add(w->engine->event, w->pid, TAKE_FD(w->pidfd), staged_tree_release,
                           staged_tree_hold(tree));
        }
        return mfree(w);
}

int worker_failure(const Message *m, const char *what, Failure *f) {
        const char *error = NULL, *text = NULL;
        int kind;

        if (!m)
                return failure_set(f, FAILURE_SYSTEM,
                                   "%s: the worker process died unexpectedly; see 'journalctl -u creeld'",
                                   what);
        if (message_type(m) != MESSAGE_FAILED)
                return failure_set(f, FAILURE_SYSTEM, "%s: the worker process sent an unexpected %s message",
                                   what, message_type_to_string(message_type(m)));
        (void) message_get_string(m, FIELD_ERROR, &error);
        (void) message_get_string(m, FIELD_TEXT, &text);
        kind = failure_kind_from_string(error);
        return failure_set(f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s", text);
}
