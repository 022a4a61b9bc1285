/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/cgroup.h"
#include "engine/compile.h"
#include "engine/exec.h"
#include "engine/reaper.h"
#include "proto/message.h"

struct ExecSession {
        Container *container;
        char id[65];
        int socket_fd, command_pidfd;
        sd_event_source *source;
        bool running, silent;
        exec_started_t started;
        exec_done_t done;
        void *userdata;
        LIST_FIELDS(ExecSession, execs);
};

const char *exec_id(const ExecSession *e) {
        return e->id;
}

ExecSession *exec_next(const Container *c, const ExecSession *e) {
        return e ? e->execs_next : c->execs;
}

ExecSession *exec_find(const Container *c, const char *id) {
        for (ExecSession *e = c->execs; e; e = e->execs_next)
                if (streq(e->id, id))
                        return e;
        return NULL;
}

static ExecSession *exec_free(ExecSession *e) {
        if (!e)
                return NULL;
        (void) sd_event_source_disable_unref(e->source);
        (void) fd_close(e->socket_fd);
        (void) fd_close(e->command_pidfd);
        return mfree(e);
}
DEFINE_CLEANUP(ExecSession, exec_free)

static void tell_of_change(Container *c) {
        if (c->engine->observer && c->engine->observer->container_execs_changed)
                c->engine->observer->container_execs_changed(c, c->engine->observer_data);
}

static void finish(ExecSession *e, int status, const Failure *f) {
        Container *c = e->container;

        LIST_REMOVE(execs, c->execs, e);
        c->n_execs--;
        e->done(e, status, f && f->text ? f : NULL, e->userdata);
        if (e->running && !e->silent)
                exec_event(c, "exec_died", e->id, status);
        (void) exec_free(e);
        tell_of_change(c);
}

void exec_abandon_all(Container *c) {
        Failure gone = { FAILURE_INVALID_STATE, (char *) "the container has just ended" };

        while (c->execs)
                finish(c->execs, 128 + SIGKILL, c->execs->running ? NULL : &gone);
}

int exec_kill(ExecSession *e, int signal) {
        if (e->command_pidfd < 0 || syscall(SYS_pidfd_send_signal, e->command_pidfd, signal, NULL, 0) >= 0)
                return 0;
        return errno == ESRCH ? 0 : negative_errno();
}

static void on_started(ExecSession *e, Message *m) {
        (void) message_take_fd(m, FIELD_PIDFD, &e->command_pidfd);
        e->running = true;
        if (e->started)
                e->started(e, e->userdata);
        if (!e->silent)
                exec_event(e->container, "exec", e->id, -1);
        tell_of_change(e->container);
}

static void on_failed(ExecSession *e, const Message *m) {
        _cleanup_failure_ Failure f = {};
        const char *error = NULL, *text = NULL;
        int kind;

        (void) message_get_string(m, FIELD_ERROR, &error);
        (void) message_get_string(m, FIELD_TEXT, &text);
        kind = failure_kind_from_string(error);
        (void) failure_set(&f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s: %s",
                           e->container->record->name, text);
        finish(e, failure_kind_to_exit_status(f.kind), &f);
}

static void on_lost(ExecSession *e) {
        Failure f = {
                FAILURE_SYSTEM,
                (char *) "the process that started the command died unexpectedly; see 'journalctl -u creeld'"
        };

        /* A container's end takes the helper along with its scope. */
        finish(e, 128 + SIGKILL, e->running ? NULL : &f);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        ExecSession *e = userdata;
        uint64_t status = 0;
        int r;

        r = message_recv(fd, &m);
        if (r == -EAGAIN)
                return 0;
        if (r <= 0) {
                on_lost(e);
                return 0;
        }
        switch (message_type(m)) {
        case MESSAGE_SUPERVISE_STARTED:
                on_started(e, m);
                return 0;
        case MESSAGE_SUPERVISE_EXITED:
                (void) message_get_u64(m, FIELD_STATUS, &status);
                finish(e, (int) (status & 255), NULL);
                return 0;
        case MESSAGE_FAILED:
                on_failed(e, m);
                return 0;
        default:
                on_lost(e);
                return 0;
        }
}

static int compile(const Container *c, const ExecParameters *p, int *ret_spec_fd, int *ret_seccomp_fd,
                   Failure *f) {
        const JobParameters start = { .fds = JOB_FDS_NONE,
                                      .console_rows = p->console_rows,
                                      .console_columns = p->console_columns };
        _cleanup_free_ char *text = NULL;
        CompileInput in;
        int r;

        r = container_compile_input(c, &start, &in, f);
        if (r >= 0)
                r = container_compile_exec(&in, p, &text, f);
        if (r >= 0)
                r = container_seccomp_filter(c, p->privileged, ret_seccomp_fd, f);
        if (r < 0)
                return r;
        r = fd_new_sealed("config.json", text, strlen(text), ret_spec_fd);
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r, "cannot run a command in container %s",
                                         c->record->name)
                     : 0;
}

/* The helper is born beside the supervisor: a move between cgroups would cost more than all the rest. */
static int spawn(ExecSession *e, Failure *f) {
        _cleanup_close_ int theirs = -EBADF, cgroup_fd = -EBADF, pidfd = -EBADF;
        Container *c = e->container;
        int pair[2], r;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return negative_errno();
        e->socket_fd = pair[0];
        theirs = pair[1];
        r = fd_set_nonblock(e->socket_fd, true);
        if (r >= 0)
                r = c->cgroup ? cgroup_open_supervisor(c->cgroup, &cgroup_fd) : -ENOENT;
        if (r >= 0)
                r = spawn_run(
                                &(const Spawn){
                                                .exec_fd = c->engine->supervise_fd,
                                                .argv = (char *const[]){ (char *) "creel-exec",
                                                                         c->record->name, NULL },
                                                .fds = &theirs,
                                                .n_fds = 1,
                                                .stdio_fds = { -EBADF, -EBADF, -EBADF },
                                                .cgroup_fd = cgroup_fd,
                                },
                                &pid, &pidfd);
        /* Before or after it was opened, the cgroup has gone. */
        if (r == -ENOENT || r == -ENODEV)
                return failure_set(f, FAILURE_INVALID_STATE, "%s: the container has just ended",
                                   c->record->name);
        if (r < 0)
                return r;
        reaper_add(c->engine->event, pid, TAKE_FD(pidfd), NULL, NULL);
        return 0;
}

static int send_start(ExecSession *e, const ExecParameters *p, int spec_fd, int seccomp_fd) {
        static const MessageField stdio[] = { FIELD_STDIN, FIELD_STDOUT, FIELD_STDERR };
        _cleanup_(message_freep) Message *m = NULL;
        const Container *c = e->container;
        int r;

        r = message_new(MESSAGE_EXEC_START, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_CONTAINER, c->record->id);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, c->record->name);
        if (r >= 0)
                r = message_put_string(m, FIELD_CGROUP, c->cgroup);
        if (r >= 0)
                r = message_put_u64(m, FIELD_PID, (uint64_t) c->leader);
        if (r >= 0 && p->shell)
                r = message_put_u64(m, FIELD_SHELL, 1);
        if (r >= 0 && p->login)
                r = message_put_u64(m, FIELD_LOGIN, 1);
        if (r >= 0)
                r = message_put_fd(m, FIELD_PIDFD, c->leader_pidfd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SPEC, spec_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SECCOMP, seccomp_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SESSION, p->fds.session);
        for (size_t i = 0; i < ELEMENTSOF(stdio) && r >= 0; i++)
                r = message_put_fd(m, stdio[i], p->fds.stdio[i]);
        for (size_t i = 0; i < p->fds.n_passed && r >= 0; i++) {
                r = message_put_fd(m, FIELD_PASSED, p->fds.passed[i]);
                if (r >= 0)
                        r = message_put_u64(m, FIELD_PASSED_AS, p->fds.passed_as[i]);
        }
        return r < 0 ? r : message_send(e->socket_fd, m);
}

static int check(const Container *c, const ExecParameters *p, Failure *f) {
        if (c->state == CONTAINER_PAUSED)
                return failure_set(
                                f, FAILURE_INVALID_STATE,
                                "%s: the container is paused, so nothing can run in it; 'creelctl unpause "
                                "%s' first",
                                c->record->name, c->record->name);
        if (c->state != CONTAINER_RUNNING || c->leader_pidfd < 0)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container is %s; 'creelctl start %s' it first", c->record->name,
                                   container_state_to_string(c->state), c->record->name);
        if (c->n_execs >= EXECS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "%s: %u commands run in this container besides its own already",
                                   c->record->name, EXECS_MAX);
        if (!p->shell && !p->login && (!p->argv || isempty(p->argv[0])))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "%s: there is no command to run",
                                   c->record->name);
        if (p->login && p->fds.session < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "%s: a login needs a session socket",
                                   c->record->name);
        return 0;
}

static int start(Container *c, const ExecParameters *p, ExecSession *e, Failure *f) {
        _cleanup_close_ int spec_fd = -EBADF, seccomp_fd = -EBADF;
        int r;

        r = check(c, p, f);
        if (r >= 0)
                r = id_generate(e->id);
        /* First of all the process, so that it loads while the rest is made. */
        if (r >= 0)
                r = spawn(e, f);
        if (r >= 0)
                r = compile(c, p, &spec_fd, &seccomp_fd, f);
        if (r >= 0)
                r = send_start(e, p, spec_fd, seccomp_fd);
        if (r >= 0)
                r = sd_event_add_io(c->engine->event, &e->source, e->socket_fd, EPOLLIN, on_io, e);
        return r < 0 && !f->text ? failure_set_errno(f, FAILURE_SYSTEM, r,
                                                     "cannot run a command in container %s", c->record->name)
                                 : r;
}

int exec_start(Container *c, const ExecParameters *p, exec_done_t done, void *userdata, ExecSession **ret,
               Failure *f) {
        _cleanup_(exec_freep) ExecSession *e = new0(ExecSession, 1);
        JobFds fds = p->fds;
        int r = -ENOMEM;

        if (e) {
                *e = (ExecSession){ .container = c,
                                    .socket_fd = -EBADF,
                                    .command_pidfd = -EBADF,
                                    .silent = p->silent,
                                    .started = p->started,
                                    .done = done,
                                    .userdata = userdata };
                r = start(c, p, e, f);
        }
        job_fds_close(&fds);
        if (r < 0)
                return r;
        LIST_APPEND(execs, c->execs, e);
        c->n_execs++;
        if (ret)
                *ret = e;
        (void) TAKE_PTR(e);
        return 0;
}
