/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "engine/image.h"
#include "engine/reaper.h"
#include "engine/staged.h"
#include "engine/supervisor.h"
#include "engine/system.h"
#include "proto/message.h"
#include "spec/log-option.h"
#include "spec/system-mode.h"

#define SOCKET_NAME "supervisor.sock"

#define ATTACHING_MAX 16

/* A client that wants to attach. */
typedef struct AttachRequest {
        uint64_t index;
        job_done_t done;
        void *userdata;
} AttachRequest;

struct Supervisor {
        Container *container;
        pid_t pid;
        int pidfd, socket_fd;
        sd_event_source *source;
        AttachRequest attaching[ATTACHING_MAX]; /* not answered yet; those with @done */
        uint64_t last_index;
        bool answered; /* STARTED, EXITED or FAILED has come */
};

pid_t supervisor_pid(const Supervisor *s) {
        return s->pid;
}

int supervisor_pidfd(const Supervisor *s) {
        return s->pidfd;
}

/* The process is gone without a word, or speaks nonsense: the exit record decides, and without one the worst
 * is assumed. */
static void supervisor_lost(Supervisor *s) {
        Container *c = s->container;
        ExitRecord e;
        Failure f = { FAILURE_SYSTEM,
                      (char *) "the supervisor process died unexpectedly; see 'journalctl -u creeld'" };

        if (exit_record_load(c->engine->store, c->record->id, &e) < 0) {
                if (!container_is_running(c)) {
                        container_on_start_failed(c, &f);
                        return;
                }
                log_warning("The supervisor of container %s died; what it ran is killed with its scope.",
                            c->record->name);
                (void) scope_kill(c->engine->systemd, c->unit, SIGKILL, NULL, NULL, NULL);
                (void) string_set(&c->record->error, "the supervisor process died");
                e = (ExitRecord){ .status = 128 + SIGKILL,
                                  .signal = SIGKILL,
                                  .finished_usec = clock_now_realtime_usec() };
        }
        container_on_exited(c, &e);
}

static void supervisor_started(Supervisor *s, Message *m) {
        _cleanup_close_ int pidfd = -EBADF;
        uint64_t pid = 0, time_usec = 0;

        (void) message_get_u64(m, FIELD_PID, &pid);
        (void) message_get_u64(m, FIELD_TIME_USEC, &time_usec);
        (void) message_take_fd(m, FIELD_PIDFD, &pidfd);
        container_on_started(s->container, (pid_t) pid, TAKE_FD(pidfd), time_usec);
}

static void supervisor_exited(Supervisor *s, const Message *m) {
        uint64_t status = 0, killed_by = 0, oom = 0, asked = 0;
        ExitRecord e = {};

        (void) message_get_u64(m, FIELD_STATUS, &status);
        (void) message_get_u64(m, FIELD_SIGNAL, &killed_by);
        (void) message_get_u64(m, FIELD_OOM, &oom);
        (void) message_get_u64(m, FIELD_ASKED, &asked);
        (void) message_get_u64(m, FIELD_TIME_USEC, &e.finished_usec);
        e.status = (int) (status & 255);
        e.signal = (int) (killed_by & 127);
        e.oom = oom != 0;
        e.asked = asked != 0;
        container_on_exited(s->container, &e);
}

static void supervisor_failed(Supervisor *s, const Message *m) {
        _cleanup_failure_ Failure f = {};
        const char *error = NULL, *text = NULL;
        uint64_t status = 0;
        int kind;

        (void) message_get_string(m, FIELD_ERROR, &error);
        (void) message_get_string(m, FIELD_TEXT, &text);
        (void) message_get_u64(m, FIELD_STATUS, &status);
        kind = failure_kind_from_string(error);
        if (status == 127 || status == 126)
                kind = status == 127 ? FAILURE_COMMAND_NOT_FOUND : FAILURE_COMMAND_NOT_EXECUTABLE;
        (void) failure_set(&f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s: %s",
                           s->container->record->name, text);
        container_on_start_failed(s->container, &f);
}

static void attach_finish(Supervisor *s, AttachRequest *a, const Failure *f) {
        AttachRequest request = *a;

        *a = (AttachRequest) {};
        request.done(s->container, f, request.userdata);
}

static void supervisor_attached(Supervisor *s, const Message *m) {
        _cleanup_failure_ Failure f = {};
        const char *error = NULL, *text = NULL;
        uint64_t index = 0;

        (void) message_get_u64(m, FIELD_INDEX, &index);
        if (message_get_string(m, FIELD_TEXT, &text) >= 0) {
                int kind = message_get_string(m, FIELD_ERROR, &error) >= 0 ? failure_kind_from_string(error)
                                                                           : -EINVAL;

                (void) failure_set(&f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s: %s",
                                   s->container->record->name, text);
        }
        for (size_t i = 0; i < ATTACHING_MAX; i++)
                if (s->attaching[i].done && s->attaching[i].index == index) {
                        attach_finish(s, s->attaching + i, f.text ? &f : NULL);
                        if (!f.text)
                                container_event(s->container, "attach", NULL, 0);
                }
}

/* The container has ended before it could answer. */
static void attach_abandon_all(Supervisor *s) {
        Failure gone = { FAILURE_INVALID_STATE, (char *) "the container has just ended" };

        for (size_t i = 0; i < ATTACHING_MAX; i++)
                if (s->attaching[i].done)
                        attach_finish(s, s->attaching + i, &gone);
}

static int send_attach(const Supervisor *s, const AttachParameters *p, uint64_t index) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SUPERVISE_ATTACH, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_INDEX, index);
        if (r >= 0 && p->wants_stdin)
                r = message_put_u64(m, FIELD_INTERACTIVE, 1);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SESSION, p->session_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STDOUT, p->stdout_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STDERR, p->stderr_fd);
        return r < 0 ? r : message_send(s->socket_fd, m);
}

int supervisor_attach(Supervisor *s, const AttachParameters *p, job_done_t done, void *userdata,
                      Failure *f) {
        const char *name = s->container->record->name;
        AttachRequest *a = NULL;
        int r;

        for (size_t i = 0; i < ATTACHING_MAX && !a; i++)
                if (!s->attaching[i].done)
                        a = s->attaching + i;
        if (!a)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED, "%s: too many clients want to attach at once",
                                   name);
        r = send_attach(s, p, ++s->last_index);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot attach to container %s", name);
        *a = (AttachRequest){ .index = s->last_index, .done = done, .userdata = userdata };
        return 0;
}

static int on_supervisor_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        Supervisor *s = userdata;
        int r;

        r = message_recv(fd, &m);
        if (r == -EAGAIN)
                return 0;
        if (r > 0 && !s->answered) {
                s->answered = true;
                if (s->container->engine->n_reattaching > 0)
                        s->container->engine->n_reattaching--;
        }
        if (r <= 0) {
                (void) sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
                if (!s->answered && s->container->engine->n_reattaching > 0)
                        s->container->engine->n_reattaching--;
                supervisor_lost(s);
                return 0;
        }

        switch (message_type(m)) {
        case MESSAGE_SUPERVISE_STARTED:
                supervisor_started(s, m);
                return 0;
        case MESSAGE_SUPERVISE_ATTACHED:
                supervisor_attached(s, m);
                return 0;
        case MESSAGE_SUPERVISE_EXITED:
                (void) sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
                attach_abandon_all(s);
                supervisor_exited(s, m);
                return 0;
        case MESSAGE_SUPERVISE_NOTIFY: {
                const char *text;

                if (message_get_string(m, FIELD_TEXT, &text) >= 0)
                        container_on_notify(s->container, text);
                return 0;
        }
        case MESSAGE_FAILED:
                (void) sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
                supervisor_failed(s, m);
                return 0;
        default:
                log_debug("Supervisor of container %s sent an unexpected %s, ignoring.",
                          s->container->record->name, message_type_to_string(message_type(m)));
                return 0;
        }
}

static Supervisor *supervisor_free(Supervisor *s) {
        if (!s)
                return NULL;
        attach_abandon_all(s);
        (void) sd_event_source_disable_unref(s->source);
        (void) fd_close(s->socket_fd);
        (void) fd_close(s->pidfd);
        return mfree(s);
}
DEFINE_CLEANUP(Supervisor, supervisor_free)

static int supervisor_new(Container *c, Supervisor **ret) {
        Supervisor *s = new(Supervisor, 1);

        if (!s)
                return -ENOMEM;
        *s = (Supervisor) { .container = c, .pidfd = -EBADF, .socket_fd = -EBADF };
        *ret = s;
        return 0;
}

static int supervisor_watch(Supervisor *s) {
        int r;

        r = fd_set_nonblock(s->socket_fd, true);
        if (r < 0)
                return r;
        r = sd_event_add_io(s->container->engine->event, &s->source, s->socket_fd, EPOLLIN, on_supervisor_io,
                            s);
        if (r < 0)
                return r;
        /* Before the bus: an exit should be known when somebody asks. */
        return sd_event_source_set_priority(s->source, SD_EVENT_PRIORITY_NORMAL - 10);
}

/* A listening socket at <runtime>/supervisor.sock. The name is reached through /proc, because paths of
 * sockets are short. */
static int socket_address(int runtime_fd, struct sockaddr_un *ret) {
        *ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
        return snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/" SOCKET_NAME, runtime_fd) <
                                               (int) sizeof(ret->sun_path)
                               ? 0
                               : -ENAMETOOLONG;
}

static int listen_new(int runtime_fd, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct sockaddr_un address;
        int r;

        (void) unlinkat(runtime_fd, SOCKET_NAME, 0);
        r = socket_address(runtime_fd, &address);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 8) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int put_root(Message *m, const Container *c) {
        const char *mode = c->record->spec->volatile_mode;
        int r = 0;

        if (c->record->rootfs && root_is_overlay(c->record))
                r = message_put_u64(m, FIELD_OVERLAY, 1);
        if (r >= 0 && mode)
                r = message_put_string(m, FIELD_VOLATILE,
                                       volatile_mode_to_string((VolatileMode) volatile_mode_parse(mode)));
        if (r >= 0 && container_is_system(c))
                r = message_put_u64(m, FIELD_SYSTEM, 1);
        return r;
}

static int put_identity(Message *m, const Container *c) {
        const ContainerSpec *spec = c->record->spec;
        int r;

        r = message_put_string(m, FIELD_CONTAINER, c->record->id);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, c->record->name);
        if (r >= 0)
                r = message_put_string(m, FIELD_IMAGE, c->record->image);
        STRV_FOREACH(i, c->record->layers)
                if (r >= 0)
                        r = message_put_string(m, FIELD_LAYER, *i);
        if (r >= 0)
                r = message_put_u64(m, FIELD_STOP_SIGNAL, (uint64_t) container_stop_signal(c));
        if (r >= 0)
                r = message_put_u64(m, FIELD_STOP_TIMEOUT_USEC, container_stop_timeout_usec(c));
        if (r >= 0 && spec->tty)
                r = message_put_u64(m, FIELD_TTY, 1);
        if (r >= 0)
                r = put_root(m, c);
        if (r >= 0 && spec->interactive)
                r = message_put_u64(m, FIELD_INTERACTIVE, 1);
        return r;
}

static int put_passed(Message *m, const JobFds *fds) {
        int r = 0;

        for (size_t i = 0; i < fds->n_passed && r >= 0; i++) {
                r = message_put_fd(m, FIELD_PASSED, fds->passed[i]);
                if (r >= 0)
                        r = message_put_u64(m, FIELD_PASSED_AS, fds->passed_as[i]);
        }
        if (r >= 0 && fds->n_listen > 0)
                r = message_put_u64(m, FIELD_LISTEN_FDS, fds->n_listen);
        return r;
}

/* What goes with each line of the output. */
static int put_log(Message *m, const Container *c) {
        const LogTag tag = { c->record->id, c->record->name, c->record->image,
                             digest_hex(&c->record->image_id) };
        int r = 0;

        STRV_FOREACH(i, c->record->spec->log_options) {
                _cleanup_free_ char *text = NULL;
                const char *value;
                int option = log_option_parse(*i, &value);

                if (option == LOG_OPTION_TAG) {
                        r = log_tag_expand(value, &tag, &text);
                        if (r >= 0)
                                r = message_put_string(m, FIELD_LOG_TAG, text);
                } else if (option == LOG_OPTION_LABEL)
                        r = message_put_string(m, FIELD_LOG_LABEL, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_extras(Message *m, const Container *c, const SupervisorStart *start) {
        int r;

        r = put_passed(m, start->fds);
        if (r >= 0)
                r = put_log(m, c);
        if (r >= 0 && c->record->spec->run_timeout_usec > 0)
                r = message_put_u64(m, FIELD_RUN_TIMEOUT_USEC, c->record->spec->run_timeout_usec);
        if (r >= 0 && start->notify_from > 0)
                r = message_put_u64(m, FIELD_NOTIFY_FROM, start->notify_from);
        return r < 0 ? r : message_put_fd(m, FIELD_NOTIFY, start->fds->notify);
}

static int put_fds(Message *m, const Container *c, const SupervisorStart *start, int runtime_fd,
                   int listen_fd) {
        int r;

        r = message_put_fd(m, FIELD_SPEC, start->spec_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_LAYERS, c->engine->store->layers_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_ROOTFS, start->rootfs_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_RUNTIME, runtime_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_LISTEN, listen_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SECCOMP, start->seccomp_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SESSION, start->fds->session);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STDIN, start->fds->stdio[0]);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STDOUT, start->fds->stdio[1]);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STDERR, start->fds->stdio[2]);
        if (r >= 0)
                r = message_put_fd(m, FIELD_TREE, start->root->tree_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_LOCK, start->root->lock_fds[0]);
        if (r >= 0)
                r = message_put_fd(m, FIELD_LOCK_BESIDE, start->root->lock_fds[1]);
        if (r >= 0 && start->journal)
                r = message_put_u64(m, FIELD_JOURNAL, 1);
        return r;
}

static int supervisor_spawn(Supervisor *s) {
        _cleanup_close_ int theirs = -EBADF;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return negative_errno();
        s->socket_fd = pair[0];
        theirs = pair[1];
        return spawn_run(
                        &(const Spawn){
                                        .exec_fd = s->container->engine->supervise_fd,
                                        .argv = (char *const[]){ (char *) "creel-supervise",
                                                                 s->container->record->name, NULL },
                                        .env = trace_environment(),
                                        .fds = &theirs,
                                        .n_fds = 1,
                                        .stdio_fds = { -EBADF, -EBADF, -EBADF },
                        },
                        &s->pid, &s->pidfd);
}

int supervisor_start(Container *c, const SupervisorStart *start, Supervisor **ret, Failure *f) {
        _cleanup_(supervisor_freep) Supervisor *s = NULL;
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int runtime_fd = -EBADF, listen_fd = -EBADF;
        int r;

        r = supervisor_new(c, &s);
        if (r < 0)
                return r;
        /* First of all the process, so that it loads while the message is made. */
        r = supervisor_spawn(s);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r,
                                         "cannot start creel-supervise for container %s", c->record->name);

        trace("supervisor spawned");
        r = container_runtime_open(c->engine->store, c->record->id, &runtime_fd);
        if (r >= 0)
                r = listen_new(runtime_fd, &listen_fd);
        if (r >= 0)
                r = message_new(MESSAGE_SUPERVISE_START, &m);
        if (r >= 0)
                r = put_identity(m, c);
        if (r >= 0)
                r = put_fds(m, c, start, runtime_fd, listen_fd);
        if (r >= 0)
                r = put_extras(m, c, start);
        if (r >= 0)
                r = message_send(s->socket_fd, m);
        if (r >= 0)
                r = supervisor_watch(s);
        if (r < 0) {
                r = failure_set_errno(f, FAILURE_SYSTEM, r, "cannot start container %s", c->record->name);
                supervisor_kill(s);
                supervisor_release(TAKE_PTR(s), NULL);
                return r;
        }
        s->answered = true; /* nobody waits for a reattachment */
        *ret = TAKE_PTR(s);
        return 0;
}

int supervisor_go(Supervisor *s, const char *cgroup) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SUPERVISE_GO, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_CGROUP, cgroup);
        return r < 0 ? r : message_send(s->socket_fd, m);
}

int supervisor_reattach(Container *c, Supervisor **ret) {
        _cleanup_(supervisor_freep) Supervisor *s = NULL;
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int runtime_fd = -EBADF;
        struct sockaddr_un address;
        int r;

        r = supervisor_new(c, &s);
        if (r >= 0)
                r = container_runtime_open(c->engine->store, c->record->id, &runtime_fd);
        if (r >= 0)
                r = socket_address(runtime_fd, &address);
        if (r < 0)
                return r;
        s->socket_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s->socket_fd < 0 ||
            connect(s->socket_fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return negative_errno();
        r = message_new(MESSAGE_SUPERVISE_HELLO, &m);
        if (r >= 0)
                r = message_send(s->socket_fd, m);
        if (r >= 0)
                r = supervisor_watch(s);
        if (r < 0)
                return r;
        c->engine->n_reattaching++;
        *ret = TAKE_PTR(s);
        return 0;
}

void supervisor_kill(Supervisor *s) {
        if (s->pidfd >= 0)
                (void) syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

void supervisor_release(Supervisor *s, const char *tree) {
        Engine *e = s->container->engine;

        if (s->pidfd >= 0) {
                StagedTree *staged = tree ? staged_tree_new(e, tree) : NULL;

                reaper_add(e->event, s->pid, TAKE_FD(s->pidfd), staged ? staged_tree_release : NULL, staged);
        } else if (tree)
                engine_remove_staged(e, tree);
        (void) supervisor_free(s);
}
