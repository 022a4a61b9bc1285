/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "runtime/cgroup.h"
#include "supervise/loop.h"

#define EMPTY_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define JOURNAL_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define ATTACH_TIMEOUT_USEC (5 * USEC_PER_SEC)
/* Messages of sd_notify(3) are taken this far apart: two hundred a second. */
#define NOTIFY_INTERVAL_USEC (5 * USEC_PER_SEC / 1000)
/* What a payload said just before it ended. */
#define NOTIFY_LAST_MAX 16
#define POLL_MAX \
        (8 + SUPERVISOR_PEERS_MAX + SUPERVISOR_STREAMS + ATTACHMENTS_MAX * (1 + ATTACH_OUTPUTS))

int loop_send_started(Supervisor *s, int fd) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SUPERVISE_STARTED, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_PID, (uint64_t) runtime_pid(s->runtime));
        if (r >= 0)
                r = message_put_fd(m, FIELD_PIDFD, runtime_pidfd(s->runtime));
        if (r >= 0)
                r = message_put_u64(m, FIELD_TIME_USEC, s->started_usec);
        return r < 0 ? r : message_send_now(fd, m);
}

static int send_exited(const Supervisor *s, int fd, MessageType type) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(type, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_STATUS, s->record.status);
        if (r >= 0)
                r = message_put_u64(m, FIELD_OOM, s->record.oom);
        if (r >= 0 && s->record.signal > 0)
                r = message_put_u64(m, FIELD_SIGNAL, s->record.signal);
        if (r >= 0 && type == MESSAGE_SUPERVISE_EXITED)
                r = message_put_u64(m, FIELD_TIME_USEC, s->record.finished_usec);
        if (r >= 0 && type == MESSAGE_SUPERVISE_EXITED && s->record.asked)
                r = message_put_u64(m, FIELD_ASKED, 1);
        return r < 0 ? r : message_send_now(fd, m);
}

static void signal_payload(const Supervisor *s, int signal) {
        if (syscall(SYS_pidfd_send_signal, runtime_pidfd(s->runtime), signal, NULL, 0) < 0)
                log_debug_errno(errno, "cannot send signal %d to the payload, ignoring: %m", signal);
}

/* systemd stops the scope while no creeld is there to do it in order. */
static void on_signal(Supervisor *s) {
        struct signalfd_siginfo info;

        uint64_t deadline;

        if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info) || s->stopping)
                return;
        s->stopping = true;
        /* A paused one would not hear it. */
        (void) cgroup_thaw(s->payload_fd);
        signal_payload(s, s->start.stop_signal);
        if (s->start.stop_timeout_usec >= USEC_INFINITY / 2)
                return;
        /* A --timeout may end earlier. */
        deadline = clock_now_monotonic_usec() + s->start.stop_timeout_usec;
        if (s->kill_deadline_usec == 0 || deadline < s->kill_deadline_usec)
                s->kill_deadline_usec = deadline;
}

static void on_deadline(Supervisor *s) {
        s->kill_deadline_usec = 0;
        if (cgroup_kill(s->payload_fd) < 0)
                signal_payload(s, SIGKILL);
}

static void on_listen(Supervisor *s) {
        _cleanup_close_ int fd = accept4(s->start.listen_fd, NULL, NULL, SOCK_CLOEXEC);
        struct ucred cred;
        socklen_t n = sizeof(cred);

        if (fd < 0)
                return;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0 || cred.uid != 0)
                return;
        for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
                if (s->peers[i] < 0) {
                        s->peers[i] = TAKE_FD(fd);
                        return;
                }
}

static void update_behind(Supervisor *s) {
        for (size_t i = 0; i < SUPERVISOR_STREAMS; i++) {
                s->streams[i].behind = false;
                for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                        s->streams[i].behind |= attachment_is_behind(s->attachments + k, i);
        }
}

static void detach(Supervisor *s, Attachment *a) {
        bool had_terminal = a->has_terminal;

        attachment_done(a);
        update_behind(s);
        if (had_terminal)
                supervisor_drain_terminal(s);
}

void loop_copy_stream(Stream *stream, const char *data, size_t n_bytes) {
        Supervisor *s = stream->userdata;
        size_t i = (size_t) (stream - s->streams);

        for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                if (s->attachments[k].session_fd >= 0 &&
                    attachment_write(s->attachments + k, i, data, n_bytes) < 0)
                        detach(s, s->attachments + k);
        update_behind(s);
}

static Attachment *find_place(Supervisor *s) {
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                if (s->attachments[k].session_fd < 0)
                        return s->attachments + k;
        return NULL;
}

static bool terminal_is_taken(const Supervisor *s) {
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                if (s->attachments[k].has_terminal)
                        return true;
        return s->start.session_fd >= 0;
}

static int may_attach(const Supervisor *s, Failure *reterr) {
        if (s->peer_fd >= 0)
                return terminal_is_taken(s) ? failure_set(reterr, FAILURE_BUSY,
                                                          "its terminal is in use by another client, which "
                                                          "has to detach first")
                                            : 0;
        if (!s->owns_stream[0] && !s->owns_stream[1])
                return failure_set(reterr, FAILURE_INVALID_STATE,
                                   "its output belongs to whoever started it in the foreground; only what "
                                   "was started with --detach can be attached to");
        return 0;
}

static int attach(Supervisor *s, Message *m, Failure *reterr) {
        Attachment *a = find_place(s);
        int r, stdin_fd = -EBADF;
        uint64_t number = 0;

        if (!a)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED, "%d clients are attached already",
                                   ATTACHMENTS_MAX);
        r = may_attach(s, reterr);
        if (r >= 0)
                r = attachment_take(a, m);
        if (r < 0)
                return r;
        if (s->peer_fd >= 0) {
                a->has_terminal = true;
                s->master_fd = TAKE_FD(s->streams[0].fd);
                s->streams[0].ended = true; /* what is there is a line */
                (void) stream_resume(s->streams);
        } else if (message_get_u64(m, FIELD_INTERACTIVE, &number) >= 0 && number > 0)
                stdin_fd = s->stdin_fd;
        r = attachment_tell(a, s->start.id, s->start.name, s->master_fd, stdin_fd);
        if (r < 0)
                detach(s, a);
        return r;
}

static int on_attach(Supervisor *s, int peer, Message *m) {
        _cleanup_failure_ Failure failure = {};
        uint64_t index = 0;
        int r;

        (void) message_get_u64(m, FIELD_INDEX, &index);
        r = attach(s, m, &failure);
        if (r < 0 && !failure.text)
                (void) failure_set_errno(&failure, FAILURE_SYSTEM, r, "cannot attach");
        return attach_answer(peer, index, &failure);
}

/* The others have to let go of it, too. */
static void end_stdin(Supervisor *s) {
        _cleanup_(message_freep) Message *m = NULL;

        if (s->stdin_fd < 0)
                return;
        s->stdin_fd = fd_close(s->stdin_fd);
        if (message_new(MESSAGE_SESSION_EOF, &m) < 0)
                return;
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                if (s->attachments[k].session_fd >= 0)
                        (void) message_send_now(s->attachments[k].session_fd, m);
}

static void on_attached_session(Supervisor *s, Attachment *a) {
        _cleanup_(message_freep) Message *m = NULL;
        uint64_t number = 0;
        int r;

        r = message_recv_now(a->session_fd, &m);
        if (r == -EAGAIN)
                return;
        if (r > 0 && message_type(m) == MESSAGE_SESSION_SIGNAL) {
                (void) message_get_u64(m, FIELD_SIGNAL, &number);
                if (number > 0 && number < _NSIG)
                        signal_payload(s, (int) number);
        } else if (r > 0 && message_type(m) == MESSAGE_SESSION_EOF)
                end_stdin(s);
        else
                detach(s, a);
}

static int send_text(int fd, MessageType type, const char *text) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(type, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_TEXT, text);
        return r < 0 ? r : message_send_now(fd, m);
}

/* To a creeld that asks anew. */
static int send_notify_state(const Supervisor *s, int fd) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (!s->notify_state)
                return 0;
        r = strv_join(s->notify_state, "\n", &text);
        return r < 0 ? r : send_text(fd, MESSAGE_SUPERVISE_NOTIFY, text);
}

static void on_peer(Supervisor *s, int *peer) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_recv_now(*peer, &m);
        if (r == -EAGAIN)
                return;
        if (r > 0 && message_type(m) == MESSAGE_SUPERVISE_ATTACH)
                r = on_attach(s, *peer, m);
        else if (r > 0)
                r = message_type(m) == MESSAGE_SUPERVISE_HELLO ? loop_send_started(s, *peer) : -EBADMSG;
        else if (r == 0)
                r = -EPIPE;
        if (r >= 0)
                r = send_notify_state(s, *peer);
        if (r < 0) /* creeld died, or is no creeld: the container goes on */
                *peer = fd_close(*peer);
}

/* One that does not read at the moment is not waited for: a creeld asks for what still holds when it is
 * back, and for a client room is left for the end. */
static bool takes_more(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT);
}

/* The client's service manager listens to those of its own unit: to the client as long as it is there, then
 * to us, whom the client has named as the main process. */
static void relay_to_client(const Supervisor *s, const char *text) {
        int r;

        if (s->start.notify_fd < 0)
                return;
        if (s->start.session_fd >= 0)
                r = takes_more(s->start.session_fd)
                                    ? send_text(s->start.session_fd, MESSAGE_SESSION_NOTIFY, text)
                                    : -EAGAIN;
        else
                r = send(s->start.notify_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0
                                    ? negative_errno()
                                    : 0;
        if (r < 0)
                log_debug_errno(r, "cannot pass on a notification, ignoring: %m");
}

/* What the client may have left unread. */
static void tell_state_to_client(const Supervisor *s) {
        _cleanup_free_ char *text = NULL;

        if (s->notify_state && strv_join(s->notify_state, "\n", &text) >= 0)
                relay_to_client(s, text);
}

static void on_notify(Supervisor *s) {
        char text[NOTIFY_BYTES_MAX];
        int r;

        /* A container that never stops talking is heard in its turn; its own socket fills up meanwhile. */
        s->notify_pause_usec = clock_now_monotonic_usec() + NOTIFY_INTERVAL_USEC;
        r = notify_receive(s->notify_socket, s->start.notify_from, runtime_pid(s->runtime), text);
        if (r <= 0)
                return;
        (void) notify_remember(&s->notify_state, text);
        /* systemd's stop of the scope may have come before the init system listened. */
        if (s->start.system && s->stopping &&
            (strstr(text, "READY=1") || strstr(text, "X_SYSTEMD_SIGNALS_LEVEL=")))
                signal_payload(s, s->start.stop_signal);
        relay_to_client(s, text);
        for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
                if (s->peers[i] >= 0 && takes_more(s->peers[i]) &&
                    send_text(s->peers[i], MESSAGE_SUPERVISE_NOTIFY, text) < 0)
                        s->peers[i] = fd_close(s->peers[i]);
}

static void on_session(Supervisor *s) {
        _cleanup_(message_freep) Message *m = NULL;
        uint64_t number;
        int r;

        r = message_recv_now(s->start.session_fd, &m);
        if (r == -EAGAIN)
                return;
        if (r > 0 && message_type(m) == MESSAGE_SESSION_SIGNAL) {
                (void) message_get_u64(m, FIELD_SIGNAL, &number);
                if (number > 0 && number < _NSIG)
                        signal_payload(s, (int) number);
                return;
        }
        s->start.session_fd = fd_close(s->start.session_fd);
        supervisor_drain_terminal(s);
        tell_state_to_client(s);
}

static void on_exit_of_payload(Supervisor *s) {
        siginfo_t info = {};

        if (waitid(P_PIDFD, (id_t) runtime_pidfd(s->runtime), &info, WEXITED) < 0)
                return;
        trace("payload ended");
        s->record = exit_record_from_wait(info.si_code, info.si_status);
        /* reboot(2) with which a system powers off or halts ends like this in a PID namespace. */
        if (s->start.system && s->record.signal == SIGINT)
                s->record.status = s->record.signal = 0;
        s->record.asked = s->stopping;
        s->exited = true;

        /* The end of a PID namespace's first process is the end of all. */
        if (!s->has_pid_namespace) {
                (void) cgroup_kill(s->payload_fd);
                if (cgroup_wait_empty(s->payload_fd, EMPTY_TIMEOUT_USEC) < 0)
                        log_warning("processes of the container do not end, ignoring");
        }
        s->record.oom = cgroup_was_oom_killed(s->payload_fd);
}

typedef struct PollSet {
        struct pollfd fds[POLL_MAX];
        size_t n;
} PollSet;

/* Returns the events' place, or NULL where there is nothing to wait for. */
static const struct pollfd *poll_add(PollSet *set, int fd, short events) {
        if (fd < 0)
                return NULL;
        set->fds[set->n] = (struct pollfd) { .fd = fd, .events = events };
        return set->fds + set->n++;
}

static bool poll_hit(const struct pollfd *p) {
        return p && p->revents != 0;
}

static int poll_wait(PollSet *set, uint64_t deadline_usec) {
        uint64_t now = clock_now_monotonic_usec();
        struct timespec ts;

        if (deadline_usec > now) {
                ts.tv_sec = (time_t) ((deadline_usec - now) / USEC_PER_SEC);
                ts.tv_nsec = (long) ((deadline_usec - now) % USEC_PER_SEC * 1000);
        } else
                ts = (struct timespec) {};
        if (ppoll(set->fds, set->n, deadline_usec > 0 ? &ts : NULL, NULL) < 0 && errno != EINTR)
                return negative_errno();
        return 0;
}

/* Of two times, either of which may be 0: none. */
static uint64_t earlier(uint64_t a, uint64_t b) {
        return a == 0 ? b : b == 0 ? a : MIN(a, b);
}

static bool any_stream_blocked(const Supervisor *s) {
        for (size_t i = 0; i < SUPERVISOR_STREAMS; i++)
                if (s->streams[i].blocked)
                        return true;
        return false;
}

static int streams_dispatch(Supervisor *s, const struct pollfd *const inputs[SUPERVISOR_STREAMS],
                            const struct pollfd *journal) {
        int r;

        for (size_t i = 0; i < SUPERVISOR_STREAMS; i++) {
                Stream *stream = s->streams + i;

                r = 0;
                if (stream->blocked && poll_hit(journal))
                        r = stream_resume(stream);
                else if (poll_hit(inputs[i]))
                        r = stream_read(stream);
                if (r < 0)
                        return r;
        }
        return 0;
}

typedef struct AttachPolls {
        const struct pollfd *session, *outputs[ATTACH_OUTPUTS];
} AttachPolls;

static void attachments_poll(const Supervisor *s, PollSet *set, AttachPolls polls[ATTACHMENTS_MAX]) {
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++) {
                const Attachment *a = s->attachments + k;

                polls[k].session = poll_add(set, a->session_fd, POLLIN);
                for (size_t i = 0; i < ATTACH_OUTPUTS; i++) {
                        int fd = attachment_is_behind(a, i) ? a->outputs[i].fd : -EBADF;

                        polls[k].outputs[i] = poll_add(set, fd, POLLOUT);
                }
        }
}

static void attachments_dispatch(Supervisor *s, const AttachPolls polls[ATTACHMENTS_MAX]) {
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++) {
                for (size_t i = 0; i < ATTACH_OUTPUTS; i++)
                        if (poll_hit(polls[k].outputs[i]))
                                attachment_flush(s->attachments + k, i);
                if (poll_hit(polls[k].session))
                        on_attached_session(s, s->attachments + k);
        }
        update_behind(s);
}

static int loop_once(Supervisor *s) {
        const struct pollfd *payload, *signal, *listener, *session, *journal, *notify,
                        *peers[SUPERVISOR_PEERS_MAX],
                        *inputs[SUPERVISOR_STREAMS];
        AttachPolls attached[ATTACHMENTS_MAX];
        PollSet set = {};
        int r;

        payload = poll_add(&set, runtime_pidfd(s->runtime), POLLIN);
        signal = poll_add(&set, s->signal_fd, POLLIN);
        listener = poll_add(&set, s->start.listen_fd, POLLIN);
        session = poll_add(&set, s->start.session_fd, POLLIN);
        if (s->notify_pause_usec > 0 && clock_now_monotonic_usec() >= s->notify_pause_usec)
                s->notify_pause_usec = 0;
        notify = poll_add(&set, s->notify_pause_usec > 0 ? -EBADF : s->notify_socket, POLLIN);
        journal = poll_add(&set, any_stream_blocked(s) ? s->journal_fd : -EBADF, POLLOUT);
        for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
                peers[i] = poll_add(&set, s->peers[i], POLLIN);
        for (size_t i = 0; i < SUPERVISOR_STREAMS; i++)
                inputs[i] = poll_add(&set, stream_wants_input(s->streams + i) ? s->streams[i].fd : -EBADF,
                                     POLLIN);

        attachments_poll(s, &set, attached);

        r = poll_wait(&set, earlier(s->kill_deadline_usec, s->notify_pause_usec));
        if (r < 0)
                return r;

        r = streams_dispatch(s, inputs, journal);
        if (r < 0)
                return r;
        attachments_dispatch(s, attached);
        /* The last words of a payload that ends now, too. */
        if (poll_hit(notify))
                on_notify(s);
        if (poll_hit(session))
                on_session(s);
        for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
                if (poll_hit(peers[i]))
                        on_peer(s, s->peers + i);
        if (poll_hit(listener))
                on_listen(s);
        if (poll_hit(signal))
                on_signal(s);
        if (s->kill_deadline_usec > 0 && clock_now_monotonic_usec() >= s->kill_deadline_usec)
                on_deadline(s);
        if (poll_hit(payload))
                on_exit_of_payload(s);
        return 0;
}

/* Waits until the journal takes more. -ETIMEDOUT: it has taken nothing for a long time. */
static int wait_for_journal(Supervisor *s, Stream *stream) {
        uint64_t deadline = clock_now_monotonic_usec() + JOURNAL_TIMEOUT_USEC;
        size_t start = stream->start;
        int r;

        while (stream->blocked && stream->start == start) {
                PollSet set = {};

                (void) poll_add(&set, s->journal_fd, POLLOUT);
                r = poll_wait(&set, deadline);
                if (r < 0)
                        return r;
                if (clock_now_monotonic_usec() >= deadline)
                        return -ETIMEDOUT;
                r = stream_resume(stream);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Waits until those who read along take more. One that takes nothing for a long time is left behind. */
static int wait_for_clients(Supervisor *s) {
        uint64_t deadline = clock_now_monotonic_usec() + ATTACH_TIMEOUT_USEC;
        AttachPolls polls[ATTACHMENTS_MAX];
        PollSet set = {};
        int r;

        attachments_poll(s, &set, polls);
        r = poll_wait(&set, deadline);
        if (r < 0)
                return r;
        attachments_dispatch(s, polls);
        for (size_t k = 0; k < ATTACHMENTS_MAX && clock_now_monotonic_usec() >= deadline; k++)
                if (attachment_is_behind(s->attachments + k, 0) ||
                    attachment_is_behind(s->attachments + k, 1))
                        detach(s, s->attachments + k);
        return 0;
}

/* Reads what is left, which is no more than a pipe holds: everybody who could write is dead. */
static int drain_stream(Supervisor *s, Stream *stream) {
        int r = 0;

        while (r >= 0 && (stream->fd >= 0 || stream->blocked || stream->behind ||
                          stream->start < stream->end)) {
                struct pollfd p = { .fd = stream->fd, .events = POLLIN };

                if (stream->behind)
                        r = wait_for_clients(s);
                else if (stream->blocked)
                        r = wait_for_journal(s, stream);
                else if (stream->fd >= 0 && poll(&p, 1, 0) > 0)
                        r = stream_read(stream);
                else {
                        stream->fd = fd_close(stream->fd);
                        stream->ended = true;
                        r = stream_resume(stream);
                }
        }
        return r;
}

static void drain(Supervisor *s) {
        for (size_t i = 0; i < SUPERVISOR_STREAMS; i++) {
                int r = drain_stream(s, s->streams + i);

                if (r < 0)
                        log_warning_errno(r, "the last output does not reach the journal: %m");
        }
}

static void report(Supervisor *s) {
        int r;

        /* First, so that whoever hears of the end may start it again. */
        start_unlock(&s->start);
        r = exit_record_write(&s->record, s->start.runtime_fd);
        if (r < 0)
                (void) log_error_errno(r, "cannot write the exit record: %m");
        trace("exit recorded");
        (void) cgroup_remove_payload(s->scope_fd); /* cgroups that are left in it go with the scope */
        for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
                if (s->peers[i] >= 0)
                        (void) send_exited(s, s->peers[i], MESSAGE_SUPERVISE_EXITED);
        if (s->start.session_fd >= 0)
                (void) send_exited(s, s->start.session_fd, MESSAGE_SESSION_EXITED);
        for (size_t k = 0; k < ATTACHMENTS_MAX; k++)
                if (s->attachments[k].session_fd >= 0)
                        (void) send_exited(s, s->attachments[k].session_fd, MESSAGE_SESSION_EXITED);
}

int loop_run(Supervisor *s) {
        while (!s->exited) {
                int r = loop_once(s);

                if (r < 0)
                        return log_error_errno(r, "cannot watch the container: %m");
        }
        for (int i = 0; i < NOTIFY_LAST_MAX && s->notify_socket >= 0; i++)
                on_notify(s);
        drain(s);
        report(s);
        trace("exit told");
        return 0;
}
