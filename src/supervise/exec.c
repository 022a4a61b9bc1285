/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"
#include "runtime/cgroup.h"
#include "runtime/runtime.h"
#include "security/capability.h"
#include "supervise/exec.h"
#include "supervise/record.h"
#include "supervise/start.h"
#include "supervise/stream.h"

typedef struct Exec {
        char *id, *name; /* of the container */
        RuntimeSpec *spec;
        RuntimeEnter enter;
        int passed[START_PASSED_MAX]; /* more descriptors for the command */
        unsigned passed_as[START_PASSED_MAX];
        size_t n_passed;
        Runtime *runtime;
        int socket_fd;          /* creeld; -EBADF: it is gone */
        int session_fd;         /* the client; -EBADF: there is none any more */
        int master_fd, peer_fd; /* the terminal; the peer keeps it from ending too early */
        bool login;
        Stream drain; /* of a terminal that nobody looks at */
        ExitRecord record;
} Exec;

/* So that the peer finds our last words: with something unread in it, it would find ECONNRESET instead. */
static int retire(int fd) {
        char byte;

        if (fd < 0)
                return -EBADF;
        (void) shutdown(fd, SHUT_RD);
        while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
                ;
        return fd_close(fd);
}

static void forget_start(Exec *e) {
        for (int i = 0; i < 3; i++)
                e->enter.stdio[i] = fd_close(e->enter.stdio[i]);
        for (size_t i = 0; i < e->n_passed; i++)
                e->passed[i] = fd_close(e->passed[i]);
        e->n_passed = 0;
        e->enter.seccomp_fd = fd_close(e->enter.seccomp_fd);
        e->enter.target.scope_fd = fd_close(e->enter.target.scope_fd);
        e->spec = runtime_spec_free(e->spec);
}

static void exec_done(Exec *e) {
        forget_start(e);
        stream_done(&e->drain);
        e->runtime = runtime_free(e->runtime);
        e->socket_fd = retire(e->socket_fd);
        e->session_fd = retire(e->session_fd);
        e->master_fd = fd_close(e->master_fd);
        e->peer_fd = fd_close(e->peer_fd);
        e->enter.target.leader_pidfd = fd_close(e->enter.target.leader_pidfd);
        e->id = mfree(e->id);
        e->name = mfree(e->name);
}

static void take_fds(Exec *e, Message *m) {
        (void) message_take_fd(m, FIELD_PIDFD, &e->enter.target.leader_pidfd);
        (void) message_take_fd(m, FIELD_SECCOMP, &e->enter.seccomp_fd);
        (void) message_take_fd(m, FIELD_SESSION, &e->session_fd);
        (void) message_take_fd(m, FIELD_STDIN, &e->enter.stdio[0]);
        (void) message_take_fd(m, FIELD_STDOUT, &e->enter.stdio[1]);
        (void) message_take_fd(m, FIELD_STDERR, &e->enter.stdio[2]);
}

static int read_start(Exec *e, Message *m, Failure *reterr) {
        const char *id = NULL, *name = NULL, *cgroup = NULL;
        uint64_t number = 0;
        int r;

        take_fds(e, m);
        (void) message_get_string(m, FIELD_CONTAINER, &id);
        (void) message_get_string(m, FIELD_NAME, &name);
        (void) message_get_string(m, FIELD_CGROUP, &cgroup);
        r = string_set(&e->id, id);
        if (r >= 0)
                r = string_set(&e->name, name);
        if (r >= 0)
                r = start_take_passed(m, e->passed, e->passed_as, &e->n_passed, reterr);
        if (r >= 0)
                r = start_read_spec(m, &e->spec, reterr);
        if (r < 0)
                return r;
        log_set_container(e->id);
        e->enter.passed = e->passed;
        e->enter.passed_as = e->passed_as;
        e->enter.n_passed = e->n_passed;
        (void) message_get_u64(m, FIELD_PID, &number);
        e->enter.target.leader = (pid_t) number;
        if (message_get_u64(m, FIELD_SHELL, &number) >= 0)
                e->enter.shell = number > 0;
        if (message_get_u64(m, FIELD_LOGIN, &number) >= 0)
                e->enter.login = e->login = number > 0;
        r = cgroup_open(cgroup, &e->enter.target.scope_fd);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open the cgroup %s", cgroup) : 0;
}

static int collect(Exec *e) {
        siginfo_t info = {};

        if (waitid(P_PIDFD, (id_t) runtime_pidfd(e->runtime), &info, WEXITED) < 0)
                return negative_errno();
        e->record = exit_record_from_wait(info.si_code, info.si_status);
        return 0;
}

/* The program that asks systemd for a getty has to succeed before anybody hears of a login. */
static int finish_login(Exec *e, int r, Failure *reterr) {
        if (r >= 0)
                r = collect(e);
        if (r >= 0 && e->record.status == 0)
                return 0;
        if (r < 0 && reterr->kind == FAILURE_INVALID_STATE)
                return r;
        return failure_set(reterr, FAILURE_INVALID_STATE,
                           "no login prompt can be had: systemd does not run in there, or has no "
                           "container-getty@.service; use 'creelctl shell %s'",
                           e->name);
}

static int take_terminal(Exec *e) {
        e->master_fd = runtime_take_terminal(e->runtime);
        if (e->master_fd < 0)
                return 0;
        e->peer_fd = ioctl(e->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        return e->peer_fd < 0 ? negative_errno() : 0;
}

static int start(Exec *e, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_recv(e->socket_fd, &m);
        if (r == 0)
                return 1;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot understand creeld");
        if (message_type(m) != MESSAGE_EXEC_START)
                return failure_set(reterr, FAILURE_SYSTEM, "creeld sent %s where %s is due",
                                   message_type_to_string(message_type(m)),
                                   message_type_to_string(MESSAGE_EXEC_START));
        r = read_start(e, m, reterr);
        if (r >= 0)
                r = runtime_enter(e->spec, &e->enter, &e->runtime, reterr);
        if (r >= 0)
                r = take_terminal(e);
        return e->login ? finish_login(e, r, reterr) : r;
}

static int send_started(Exec *e) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SUPERVISE_STARTED, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_PID, (uint64_t) runtime_pid(e->runtime));
        if (r >= 0)
                r = message_put_fd(m, FIELD_PIDFD, runtime_pidfd(e->runtime));
        if (r >= 0)
                r = message_put_u64(m, FIELD_TIME_USEC, clock_now_realtime_usec());
        return r < 0 ? r : message_send_now(e->socket_fd, m);
}

static int send_terminal(Exec *e) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        if (e->master_fd < 0)
                return 0;
        r = message_new(MESSAGE_SESSION_TTY, &m);
        if (r >= 0)
                r = message_put_fd(m, FIELD_MASTER, e->master_fd);
        return r < 0 ? r : message_send_now(e->session_fd, m);
}

static int tell_session(Exec *e) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SESSION_STARTED, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_CONTAINER, e->id);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, e->name);
        if (r >= 0)
                r = message_send_now(e->session_fd, m);
        return r < 0 ? r : send_terminal(e);
}

static int send_exited(const Exec *e, int fd, MessageType type) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(type, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_STATUS, e->record.status);
        if (r >= 0)
                r = message_put_u64(m, FIELD_OOM, 0);
        if (r >= 0 && e->record.signal > 0)
                r = message_put_u64(m, FIELD_SIGNAL, e->record.signal);
        if (r >= 0 && type == MESSAGE_SUPERVISE_EXITED)
                r = message_put_u64(m, FIELD_TIME_USEC, e->record.finished_usec);
        return r < 0 ? r : message_send_now(fd, m);
}

static void signal_command(const Exec *e, int signal) {
        if (!e->login && syscall(SYS_pidfd_send_signal, runtime_pidfd(e->runtime), signal, NULL, 0) < 0)
                log_debug_errno(errno, "cannot send signal %d to the command, ignoring: %m", signal);
}

/* Nobody looks at the terminal any more: it would fill up and the command stop. */
static void drain_terminal(Exec *e) {
        if (e->master_fd >= 0)
                e->drain = (Stream){ .fd = TAKE_FD(e->master_fd), .journal_fd = -EBADF, .terminal = true };
}

/* The client is gone. Unless it said so before, it was killed or lost its connection, which is a hang-up for
 * what it ran. */
static void on_session_end(Exec *e, bool detached) {
        e->session_fd = fd_close(e->session_fd);
        if (detached) {
                drain_terminal(e);
                return;
        }
        e->master_fd = fd_close(e->master_fd);
        e->peer_fd = fd_close(e->peer_fd);
        signal_command(e, SIGHUP);
        signal_command(e, SIGCONT);
}

static void on_session(Exec *e) {
        _cleanup_(message_freep) Message *m = NULL;
        uint64_t number = 0;
        int r;

        r = message_recv_now(e->session_fd, &m);
        if (r == -EAGAIN)
                return;
        if (r > 0 && message_type(m) == MESSAGE_SESSION_SIGNAL) {
                (void) message_get_u64(m, FIELD_SIGNAL, &number);
                if (number > 0 && number < _NSIG)
                        signal_command(e, (int) number);
                return;
        }
        on_session_end(e, r > 0 && message_type(m) == MESSAGE_SESSION_DETACH);
}

/* What to wait for the end of: a login lasts as long as the client and the container. */
static int end_fd(const Exec *e) {
        return e->login ? e->enter.target.leader_pidfd : runtime_pidfd(e->runtime);
}

static int wait_for_end(Exec *e) {
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = end_fd(e), .events = POLLIN },
                        { .fd = e->session_fd, .events = POLLIN },
                        { .fd = e->socket_fd, .events = POLLIN },
                        { .fd = e->drain.fd, .events = POLLIN },
                };

                if (poll(fds, ELEMENTSOF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (fds[3].revents)
                        (void) stream_read(&e->drain);
                if (fds[1].revents)
                        on_session(e);
                /* creeld says nothing more: it is gone, and will not come back here. */
                if (fds[2].revents)
                        e->socket_fd = fd_close(e->socket_fd);
                if (fds[0].revents || (e->login && e->session_fd < 0))
                        return e->login ? 0 : collect(e);
        }
}

/* From here on this process only waits: what it keeps is for signals to other users' processes. */
static void settle(Exec *e) {
        uint64_t keep = CAPABILITY_BIT(CAP_KILL);

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || capability_apply(keep, keep, 0) < 0)
                log_debug("cannot drop capabilities, ignoring");
        forget_start(e);
        (void) malloc_trim(0);
}

static int run(Exec *e) {
        int r;

        if (send_started(e) < 0)
                e->socket_fd = fd_close(e->socket_fd);
        if (e->session_fd >= 0 && tell_session(e) < 0)
                on_session_end(e, false);
        else if (e->session_fd < 0)
                drain_terminal(e);
        settle(e);
        r = wait_for_end(e);
        if (r < 0)
                return log_error_errno(r, "cannot wait for the command: %m");
        if (e->session_fd >= 0)
                (void) send_exited(e, e->session_fd, MESSAGE_SESSION_EXITED);
        if (e->socket_fd >= 0)
                (void) send_exited(e, e->socket_fd, MESSAGE_SUPERVISE_EXITED);
        return 0;
}

/* creeld answers its caller; where it has died meanwhile, the client hears it here. */
static void tell_failure(const Exec *e, int error, const Failure *f) {
        FailureKind kind = f->text ? f->kind : FAILURE_SYSTEM;
        const char *text = f->text ?: strerrordesc_np(-error);
        int fds[] = { e->socket_fd, e->session_fd };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (fds[i] >= 0 && message_send_failure(fds[i], failure_kind_to_string(kind), text,
                                                        (unsigned) failure_kind_to_exit_status(kind)) >= 0)
                        break;
}

int exec_run(int socket_fd) {
        _cleanup_failure_ Failure failure = {};
        Exec e = { .enter = { .target = { .leader_pidfd = -EBADF, .scope_fd = -EBADF, .cgroup_fd = -EBADF },
                              .stdio = { -EBADF, -EBADF, -EBADF },
                              .seccomp_fd = -EBADF },
                   .socket_fd = socket_fd,
                   .session_fd = -EBADF,
                   .master_fd = -EBADF,
                   .peer_fd = -EBADF,
                   .drain = { .fd = -EBADF, .journal_fd = -EBADF } };
        int r;

        r = start(&e, &failure);
        if (r < 0)
                tell_failure(&e, r, &failure);
        else if (r == 0)
                r = run(&e);
        exec_done(&e);
        return r;
}
