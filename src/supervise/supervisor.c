/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/limit-mirror.h"
#include "basic/log.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "runtime/cgroup.h"
#include "runtime/namespace.h"
#include "security/capability.h"
#include "supervise/loop.h"
#include "supervise/supervisor.h"

void supervisor_init(Supervisor *s, int socket_fd) {
        *s = (Supervisor){.scope_fd = -EBADF,
                          .payload_fd = -EBADF,
                          .master_fd = -EBADF,
                          .peer_fd = -EBADF,
                          .signal_fd = -EBADF,
                          .stdin_fd = -EBADF,
                          .journal_fd = -EBADF,
                          .notify_socket = -EBADF};
        start_init(&s->start);
        s->peers[0] = socket_fd;
        for (size_t i = 1; i < ELEMENTSOF(s->peers); i++)
                s->peers[i] = -EBADF;
        for (size_t i = 0; i < ELEMENTSOF(s->attachments); i++)
                attachment_init(s->attachments + i);
        for (size_t i = 0; i < ELEMENTSOF(s->streams); i++)
                s->streams[i] = (Stream) { .fd = -EBADF, .journal_fd = -EBADF, .send = journal_send };
}

/* Closes a socket so that the peer finds our last words: with something unread in it, it would find
 * ECONNRESET instead.
 */
static int retire(int fd) {
        char byte;

        if (fd < 0)
                return -EBADF;
        (void) shutdown(fd, SHUT_RD);
        while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
                ;
        return fd_close(fd);
}

void supervisor_done(Supervisor *s) {
        for (size_t i = 0; i < ELEMENTSOF(s->streams); i++)
                stream_done(s->streams + i);
        for (size_t i = 0; i < ELEMENTSOF(s->attachments); i++)
                attachment_done(s->attachments + i);
        for (size_t i = 0; i < ELEMENTSOF(s->peers); i++)
                s->peers[i] = retire(s->peers[i]);
        /* The next supervisor of a system that reboots speaks to the same client. */
        if (!(s->start.system && s->record.signal == SIGHUP))
                s->start.session_fd = retire(s->start.session_fd);
        s->runtime = runtime_free(s->runtime);
        s->scope_fd = fd_close(s->scope_fd);
        s->payload_fd = fd_close(s->payload_fd);
        s->master_fd = fd_close(s->master_fd);
        s->peer_fd = fd_close(s->peer_fd);
        s->signal_fd = fd_close(s->signal_fd);
        s->stdin_fd = fd_close(s->stdin_fd);
        s->journal_fd = fd_close(s->journal_fd);
        s->notify_socket = fd_close(s->notify_socket);
        s->notify_state = strv_free(s->notify_state);
        start_done(&s->start);
}

/* The journal's socket, so that poll(2) tells when there is room again. Without a journal lines are dropped.
 */
static void open_journal(Supervisor *s) {
        static const struct sockaddr_un address = { .sun_family = AF_UNIX,
                                                    .sun_path = "/run/systemd/journal/socket" };

        if (journal_open(&s->journal_fd) < 0)
                return;
        if (connect(s->journal_fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            fd_set_nonblock(s->journal_fd, true) < 0)
                log_warning_errno(errno,
                                  "cannot connect to the journal, output of container %s may be lost: %m",
                                  s->start.name);
}

static void prepare_fields(Supervisor *s) {
        (void) snprintf(s->short_id, sizeof(s->short_id), "%.12s", s->start.id);
        const JournalField fields[] = {
                journal_string("SYSLOG_IDENTIFIER", s->start.name),
                journal_string("CONTAINER_NAME", s->start.name),
                journal_string("CONTAINER_ID", s->short_id),
                journal_string("CONTAINER_ID_FULL", s->start.id),
                journal_string("CONTAINER_TAG", s->start.log_tag ?: s->short_id),
                journal_string("IMAGE_NAME", s->start.image),
        };

        static_assert(ELEMENTSOF(fields) <= STREAM_FIELDS_MAX, "too many fields");
        memcpy(s->fields, fields, sizeof(fields));
        s->n_fields = ELEMENTSOF(fields);
        STRV_FOREACH(i, s->start.log_labels) {
                char *value = strchr(*i, '=');

                if (!value || s->n_fields >= STREAM_FIELDS_MAX)
                        break;
                *value++ = 0; /* the name and the text are two strings from now on */
                s->fields[s->n_fields++] = journal_string(*i, value);
        }
}

static void stream_setup(Supervisor *s, Stream *stream, int fd, const char *priority, bool terminal) {
        stream_done(stream);
        *stream = (Stream) {
                .fd = fd,
                .journal_fd = s->start.journal ? s->journal_fd : -EBADF,
                .send = journal_send,
                .priority = priority,
                .terminal = terminal,
                .fields = s->fields,
                .n_fields = s->n_fields,
                .copy = loop_copy_stream,
                .userdata = s,
        };
}

/* With nobody to write to it now, it stays open for those who come. */
static int open_stdin(Supervisor *s) {
        int fds[2];

        if (!s->start.interactive || s->start.stdio[0] >= 0 || s->start.spec->process.terminal)
                return 0;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return negative_errno();
        s->start.stdio[0] = fds[0];
        s->stdin_fd = fds[1];
        return fd_set_nonblock(s->stdin_fd, true);
}

/* Outputs that nobody brought a file for go to the journal, and to those who attach. */
static int open_streams(Supervisor *s) {
        static const char *const priorities[] = { "6", "3" };

        if (s->start.journal)
                open_journal(s);
        for (int i = 0; i < SUPERVISOR_STREAMS && !s->start.spec->process.terminal; i++) {
                int fds[2];

                if (s->start.stdio[i + 1] >= 0)
                        continue;
                if (pipe2(fds, O_CLOEXEC) < 0)
                        return negative_errno();
                stream_setup(s, s->streams + i, fds[0], priorities[i], false);
                s->owns_stream[i] = true;
                s->start.stdio[i + 1] = fds[1];
        }
        return 0;
}

static int prepare(Supervisor *s, Failure *reterr) {
        RuntimeOptions options = {
                .root = {
                        .directory_fd = s->start.tree_fd,
                        .overlay = s->start.overlay,
                        .volatile_mode = s->start.volatile_mode,
                        .layers_fd = s->start.layers_fd,
                        .layers = s->start.layers,
                        .upper_fd = s->start.rootfs_fd,
                },
                .seccomp_fd = s->start.seccomp_fd,
                .cgroup_fd = -EBADF,
                .start_fd = -EBADF,
                .result_fd = -EBADF,
                .passed = s->start.passed,
                .passed_as = s->start.passed_as,
                .n_passed = s->start.n_passed,
                .n_listen = s->start.n_listen,
        };
        int r;

        prepare_fields(s);
        r = open_streams(s);
        if (r >= 0)
                r = open_stdin(s);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open streams to the journal");
        if (s->start.notify_from != NOTIFY_NONE) {
                r = notify_open(s->start.runtime_fd, "notify", &s->notify_socket);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                 "cannot make the container's notification socket");
        }
        memcpy(options.stdio, s->start.stdio, sizeof(options.stdio));
        s->has_pid_namespace = namespace_is_new(s->start.spec, RUNTIME_NAMESPACE_PID);
        return runtime_prepare(s->start.spec, &options, &s->runtime, reterr);
}

static int open_signals(Supervisor *s) {
        sigset_t mask;

        (void) sigemptyset(&mask);
        /* SIGURG: systemd stops the scope (unit/scope-property.c). */
        (void) sigaddset(&mask, SIGURG);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return negative_errno();
        s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signal_fd < 0 ? negative_errno() : 0;
}

static int launch(Supervisor *s, const char *cgroup, Failure *reterr) {
        const RuntimeSpec *spec = s->start.spec;
        int r;

        r = cgroup_open(cgroup, &s->scope_fd);
        if (r == -EOPNOTSUPP)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "there is no cgroup version 2 hierarchy in /sys/fs/cgroup; boot with "
                                   "systemd.unified_cgroup_hierarchy=1");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open the cgroup %s", cgroup);
        r = cgroup_split(s->scope_fd, runtime_pid(s->runtime),
                         namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, 0),
                         namespace_host_id(spec->gid_mappings, spec->n_gid_mappings, 0), &s->payload_fd,
                         reterr);
        if (r >= 0)
                limit_mirror_all(s->scope_fd, s->payload_fd);
        if (r >= 0)
                r = cgroup_configure(cgroup, s->payload_fd, spec->resources.unified, reterr);
        if (r < 0)
                return r;
        trace("cgroup split");
        /* From here on there may be a payload that nobody else would stop. */
        r = open_signals(s);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot watch for signals");
        r = runtime_launch(s->runtime, -EBADF, reterr);
        if (r < 0)
                return r;
        s->started_usec = clock_now_realtime_usec();
        return 0;
}

static int receive(int fd, MessageType type, Message **ret, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_recv(fd, &m);
        if (r == 0)
                return 1;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot understand creeld");
        if (message_type(m) != type)
                return failure_set(reterr, FAILURE_SYSTEM, "creeld sent %s where %s is due",
                                   message_type_to_string(message_type(m)), message_type_to_string(type));
        *ret = TAKE_PTR(m);
        return 0;
}

int supervisor_start(Supervisor *s, Failure *reterr) {
        _cleanup_(message_freep) Message *start = NULL, *go = NULL;
        const char *cgroup = NULL;
        int r;

        r = receive(s->peers[0], MESSAGE_SUPERVISE_START, &start, reterr);
        if (r != 0)
                return r;
        trace("order arrived");
        r = start_read(start, &s->start, reterr);
        if (r < 0)
                return r;
        trace("order read");
        log_set_container(s->start.id);
        r = prepare(s, reterr);
        if (r < 0)
                return r;
        r = receive(s->peers[0], MESSAGE_SUPERVISE_GO, &go, reterr);
        if (r != 0)
                return r;
        trace("go arrived");
        (void) message_get_string(go, FIELD_CGROUP, &cgroup);
        return launch(s, cgroup, reterr);
}

static void tell_session(Supervisor *s) {
        _cleanup_(message_freep) Message *started = NULL, *tty = NULL;
        int r;

        if (s->start.session_fd < 0)
                return;
        r = message_new(MESSAGE_SESSION_STARTED, &started);
        if (r >= 0)
                r = message_put_string(started, FIELD_CONTAINER, s->start.id);
        if (r >= 0)
                r = message_put_string(started, FIELD_NAME, s->start.name);
        if (r >= 0)
                r = message_send_now(s->start.session_fd, started);
        if (r >= 0 && s->master_fd >= 0) {
                r = message_new(MESSAGE_SESSION_TTY, &tty);
                if (r >= 0)
                        r = message_put_fd(tty, FIELD_MASTER, s->master_fd);
                if (r >= 0)
                        r = message_send_now(s->start.session_fd, tty);
        }
        if (r < 0) {
                log_debug_errno(r, "the client is gone, going on without it: %m");
                s->start.session_fd = fd_close(s->start.session_fd);
        }
}

static int take_terminal(Supervisor *s) {
        int fd;

        s->master_fd = runtime_take_terminal(s->runtime);
        if (s->master_fd < 0)
                return 0;
        fd = ioctl(s->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        s->peer_fd = fd;
        return 0;
}

/* Without a client that reads it, the terminal would fill up and the payload stop. */
void supervisor_drain_terminal(Supervisor *s) {
        if (s->master_fd < 0 || s->streams[0].fd >= 0)
                return;
        if (s->streams[0].userdata) { /* not for the first time */
                s->streams[0].fd = TAKE_FD(s->master_fd);
                s->streams[0].ended = false;
        } else
                stream_setup(s, s->streams, TAKE_FD(s->master_fd), "6", true);
}

/* The program's own code, as the linker places it. */
extern char __executable_start[], etext[];

/* Hands back the pages of the program that the start alone needed; what the loop needs comes back by itself.
 */
static void forget_code(void) {
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE),
                  start = (uintptr_t) __executable_start & ~(page - 1);

        (void) madvise((void *) start, ((uintptr_t) etext & ~(page - 1)) - start, MADV_DONTNEED);
}

/* From here on this process only watches: it keeps what signalling other users' processes takes, and no
 * memory that it does not need. Its death would cost the container's exit status, so the OOM killer shall
 * look elsewhere first. */
static void settle(Supervisor *s) {
        uint64_t keep = CAPABILITY_BIT(CAP_KILL);
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || fd_write_all(fd, "-999", 4) < 0)
                log_debug("cannot lower the OOM score, ignoring");
        (void) fd_close(fd);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || capability_apply(keep, keep, 0) < 0)
                log_debug("cannot drop capabilities, ignoring");
        start_forget(&s->start);
        (void) malloc_trim(0);
        forget_code();
}

int supervisor_run(Supervisor *s) {
        int r;

        /* Readers may go away. */
        (void) signal(SIGPIPE, SIG_IGN);
        r = take_terminal(s);
        if (r < 0)
                return log_error_errno(r, "cannot open the container's terminal: %m");
        for (size_t i = 0; i < ELEMENTSOF(s->peers); i++)
                if (s->peers[i] >= 0 && loop_send_started(s, s->peers[i]) < 0)
                        s->peers[i] = fd_close(s->peers[i]);
        if (!s->start.tty)
                supervisor_drain_terminal(s);
        tell_session(s);
        if (s->start.session_fd < 0)
                supervisor_drain_terminal(s);
        trace("start told");
        settle(s);
        if (s->start.run_timeout_usec > 0)
                s->kill_deadline_usec = clock_now_monotonic_usec() + s->start.run_timeout_usec;
        return loop_run(s);
}
