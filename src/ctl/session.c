/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/trace.h"
#include "basic/tty.h"
#include "ctl/relay.h"
#include "ctl/session.h"
#include "ctl/terminal.h"
#include "proto/message.h"

struct Session {
        Ctl *c;
        SessionOptions options;
        sd_event *event;
        sd_bus_slot *slot, *disconnected;
        Terminal *terminal;
        int socket_fd, peer_fd, null_fd, signal_fd;
        Relay *relays[3]; /* where this process copies: of standard input, output and error */
        int relay_fds[3]; /* their far ends */
        DetachKeys keys;
        sigset_t old_mask;
        bool masked;

        char *path;
        bool told;     /* options.started was called */
        bool answered; /* the bus call is over, one way or the other */
        bool closed;   /* the socket is at its end */
        bool exited, detached;
        int status; /* where it exited */
        int error;  /* negative: creeld refused */
        int deadly; /* a signal that is not to be passed on */
        Failure *failure;
};

/* Not passed on: what cannot be caught, what the kernel raises for our own mistakes, our child's and pipe's
 * affairs, job control. */
static bool signal_is_ours(int n) {
        static const int ours[] = { SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU,
                                    SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,  SIGURG };
        struct sigaction action;

        for (size_t i = 0; i < ELEMENTSOF(ours); i++)
                if (ours[i] == n)
                        return true;
        /* Ignored from the start (nohup, background jobs): it stays so. */
        return sigaction(n, NULL, &action) >= 0 && action.sa_handler == SIG_IGN;
}

static int session_block_signals(Session *s) {
        sigset_t mask;

        (void) sigemptyset(&mask);
        for (int n = 1; n <= SIGRTMAX; n++)
                if ((n < 32 || n >= SIGRTMIN) && !signal_is_ours(n))
                        (void) sigaddset(&mask, n);
        if (sigprocmask(SIG_BLOCK, &mask, &s->old_mask) < 0)
                return negative_errno();
        s->masked = true;
        s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signal_fd < 0 ? negative_errno() : 0;
}

static void on_detach(void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        Session *s = userdata;

        s->detached = true;
        if (message_new(MESSAGE_SESSION_DETACH, &m) >= 0)
                (void) message_send(s->socket_fd, m);
        (void) sd_event_exit(s->event, 0);
}

int session_new(Ctl *c, const SessionOptions *options, Session **ret, Failure *f) {
        _cleanup_(session_freep) Session *s = NULL;
        DetachKeys keys;
        int pair[2], r;

        if (detach_keys_parse(options->detach_keys ?: DETACH_KEYS_DEFAULT, &keys) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--detach-keys' has '%s': must be single characters and ctrl-X, "
                                   "separated by commas",
                                   options->detach_keys);
        if (options->tty && options->interactive && !isatty(STDIN_FILENO))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the input device is not a TTY; leave out -t, or -i where nothing is to "
                                   "be typed");
        s = new0(Session, 1);
        if (!s)
                return -ENOMEM;
        *s = (Session){ .c = c,
                        .options = *options,
                        .socket_fd = -EBADF,
                        .peer_fd = -EBADF,
                        .null_fd = -EBADF,
                        .signal_fd = -EBADF,
                        .relay_fds = { -EBADF, -EBADF, -EBADF },
                        .keys = keys };
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot make the session socket");
        s->socket_fd = pair[0];
        s->peer_fd = pair[1];
        s->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (s->null_fd < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot open /dev/null");
        r = fd_set_nonblock(s->socket_fd, true);
        if (r >= 0)
                r = session_block_signals(s);
        if (r >= 0)
                r = sd_event_new(&s->event);
        if (r >= 0 && options->tty)
                r = terminal_new(s->event, options->interactive, &keys, on_detach, s, &s->terminal);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot set up the session");
        *ret = TAKE_PTR(s);
        return 0;
}

/* Everything that matters may come in any order: the answer of the bus, the exit, the end of the stream, the
 * last of the output. */
static void session_settle(Session *s) {
        bool copying = s->relays[STDOUT_FILENO] || s->relays[STDERR_FILENO];

        if (s->error < 0 || (s->closed && !copying && (s->answered || s->exited)))
                (void) sd_event_exit(s->event, 0);
}

static void close_relay(Session *s, size_t i) {
        s->relays[i] = relay_free(s->relays[i]);
        s->relay_fds[i] = fd_close(s->relay_fds[i]);
}

Session *session_free(Session *s) {
        if (!s)
                return NULL;
        (void) terminal_free(s->terminal);
        for (size_t i = 0; i < ELEMENTSOF(s->relays); i++)
                close_relay(s, i);
        sd_bus_slot_unref(s->slot);
        sd_bus_slot_unref(s->disconnected);
        if (s->c->bus)
                (void) sd_bus_detach_event(s->c->bus);
        sd_event_unref(s->event);
        (void) fd_close(s->socket_fd);
        (void) fd_close(s->peer_fd);
        (void) fd_close(s->null_fd);
        (void) fd_close(s->signal_fd);
        if (s->masked)
                (void) sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
        free(s->path);
        return mfree(s);
}

/* A standard stream, or /dev/null where the caller has closed it. */
static int stream_fd(const Session *s, int fd, bool wanted) {
        return wanted && fcntl(fd, F_GETFD) >= 0 ? fd : s->null_fd;
}

static void on_relay_ended(Relay *relay, RelayEnd end, void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        Session *s = userdata;
        bool input = relay == s->relays[STDIN_FILENO];

        if (end == RELAY_DETACH) {
                on_detach(s);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(s->relays); i++)
                if (s->relays[i] == relay)
                        close_relay(s, i);
        if (input && end == RELAY_DONE && message_new(MESSAGE_SESSION_EOF, &m) >= 0)
                (void) message_send(s->socket_fd, m);
        session_settle(s);
}

/* The supervisor gets one end of a pipe, so that it never waits for a terminal or whatever standard output
 * is. */
static int append_output(Session *s, sd_bus_message *m, const char *key, size_t i) {
        _cleanup_close_ int theirs = -EBADF;
        int pair[2], r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        s->relay_fds[i] = pair[0];
        theirs = pair[1];
        r = sd_bus_message_append(m, "{sv}", key, "h", theirs);
        if (r < 0)
                return r;
        return relay_new(s->event, s->relay_fds[i], stream_fd(s, (int) i, true), NULL, on_relay_ended, s,
                         s->relays + i);
}

static int append_attached(Session *s, sd_bus_message *m) {
        int r = 0;

        if (s->options.tty)
                return 0;
        if (s->options.interactive && !(s->options.left_out & SESSION_STDIN))
                r = sd_bus_message_append(m, "{sv}", "stdin", "b", 1);
        if (r >= 0 && !(s->options.left_out & SESSION_STDOUT))
                r = append_output(s, m, "stdout", STDOUT_FILENO);
        if (r >= 0 && !(s->options.left_out & SESSION_STDERR))
                r = append_output(s, m, "stderr", STDERR_FILENO);
        return r;
}

/* A command has these very streams. Of a container those that are left out are its supervisor's. */
static int append_streams(Session *s, sd_bus_message *m) {
        static const char *const keys[] = { "stdin", "stdout", "stderr" };
        int r = 0;

        for (int i = 0; i < 3 && r >= 0; i++)
                if (!(s->options.left_out & (1U << i)))
                        r = sd_bus_message_append(m, "{sv}", keys[i], "h",
                                                  stream_fd(s, i, i > 0 || s->options.interactive));
        return r;
}

int session_append(Session *s, sd_bus_message *m) {
        struct winsize size;
        int r;

        r = sd_bus_message_append(m, "{sv}", "session", "h", s->peer_fd);
        if (r >= 0 && s->options.attach)
                r = append_attached(s, m);
        else if (r >= 0 && !s->options.tty && !s->options.background)
                r = append_streams(s, m);
        if (r >= 0 && s->options.tty && !s->options.attach && tty_get_size(&size))
                r = sd_bus_message_append(m, "{sv}", "console-size", "(uu)", (uint32_t) size.ws_row,
                                          (uint32_t) size.ws_col);
        /* The message has copies; the end of the stream shows once creeld and the supervisor have closed
         * theirs. */
        s->peer_fd = fd_close(s->peer_fd);
        return r;
}

static void session_tell(Session *s, const char *id) {
        if (s->options.started && !s->told)
                s->options.started(id, s->options.userdata);
        s->told = true;
        if (s->options.background) {
                s->detached = true;
                (void) sd_event_exit(s->event, 0);
        }
}

static int session_failure(const Message *m, Failure *f) {
        const char *error = NULL, *text = NULL;
        int kind;

        (void) message_get_string(m, FIELD_ERROR, &error);
        (void) message_get_string(m, FIELD_TEXT, &text);
        kind = failure_kind_from_string(error);
        return failure_set(f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s", text);
}

static int session_relay_input(Session *s) {
        /* Nobody types what comes out of a file. */
        const DetachKeys *keys = isatty(STDIN_FILENO) ? &s->keys : NULL;

        /* The command may stop reading, which is no reason to be killed. */
        (void) sigaction(SIGPIPE, &(const struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        return relay_new(s->event, stream_fd(s, STDIN_FILENO, true), s->relay_fds[STDIN_FILENO], keys,
                         on_relay_ended, s, s->relays + STDIN_FILENO);
}

static int session_handle(Session *s, Message *m) {
        const char *id, *text;
        uint64_t status = 0;
        int fd, r;

        switch (message_type(m)) {
        case MESSAGE_SESSION_STARTED:
                trace("start heard of");
                (void) message_get_string(m, FIELD_CONTAINER, &id);
                session_tell(s, id);
                s->exited = false; /* a system that has rebooted */
                return 0;
        case MESSAGE_SESSION_TTY:
                if (!s->terminal)
                        return 0;
                r = message_take_fd(m, FIELD_MASTER, &fd);
                return r < 0 ? r : terminal_attach(s->terminal, fd);
        case MESSAGE_SESSION_STDIN:
                if (s->relay_fds[STDIN_FILENO] >= 0)
                        return 0;
                r = message_take_fd(m, FIELD_OUTPUT, &s->relay_fds[STDIN_FILENO]);
                return r < 0 ? r : session_relay_input(s);
        case MESSAGE_SESSION_EOF:
                close_relay(s, STDIN_FILENO);
                return 0;
        case MESSAGE_SESSION_NOTIFY:
                (void) message_get_string(m, FIELD_TEXT, &text);
                if (s->options.notified)
                        s->options.notified(text, s->options.userdata);
                return 0;
        case MESSAGE_SESSION_EXITED:
                trace("exit heard of");
                (void) message_get_u64(m, FIELD_STATUS, &status);
                s->status = (int) MIN(status, UINT64_C(255));
                s->exited = true;
                return 0;
        case MESSAGE_FAILED:
                /* Heard here only where creeld is not there to say it. */
                s->error = session_failure(m, s->failure);
                return 0;
        default:
                return -EBADMSG;
        }
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Session *s = userdata;

        for (;;) {
                _cleanup_(message_freep) Message *m = NULL;
                int r;

                r = message_recv(fd, &m);
                if (r == -EAGAIN)
                        return 0;
                if (r > 0)
                        r = session_handle(s, m) < 0 ? -EBADMSG : 1;
                if (r > 0)
                        continue;
                /* The end, or nonsense: neither brings anything more. */
                trace("session over");
                s->closed = true;
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
                session_settle(s);
                return 0;
        }
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *id, *path;
        Session *s = userdata;

        s->answered = true;
        if (sd_bus_message_is_method_error(m, NULL)) {
                /* A creeld that went away may have started it before: then the session tells. */
                if (!client_error_is_lost(sd_bus_message_get_error(m)) || s->closed)
                        s->error = client_failure(sd_bus_message_get_error(m), -EIO, s->failure);
        } else if (sd_bus_message_has_signature(m, "so") && sd_bus_message_read(m, "so", &id, &path) >= 0) {
                (void) string_set(&s->path, path);
                session_tell(s, id);
        }
        session_settle(s);
        return 0;
}

/* Without this, sd-bus would end the event loop's use of the bus with an error. */
static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Session *s = userdata;

        s->answered = true;
        session_settle(s);
        return 0;
}

static int on_signal(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(message_freep) Message *m = NULL;
        struct signalfd_siginfo info;
        Session *s = userdata;

        if (read(fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        if (s->terminal && info.ssi_signo == SIGWINCH) {
                terminal_resize(s->terminal);
                return 0;
        }
        if (s->terminal && info.ssi_signo == SIGCONT)
                terminal_resume(s->terminal);
        if (!s->options.sig_proxy) {
                if (info.ssi_signo == SIGCONT || info.ssi_signo == SIGWINCH)
                        return 0;
                s->deadly = (int) info.ssi_signo;
                return sd_event_exit(s->event, 0);
        }
        /* A signal that comes before the start waits in the socket. One that comes after the end has nobody
         * to go to. */
        if (message_new(MESSAGE_SESSION_SIGNAL, &m) >= 0 &&
            message_put_u64(m, FIELD_SIGNAL, info.ssi_signo) >= 0)
                (void) message_send(s->socket_fd, m);
        return 0;
}

/* The supervisor was killed before it could say how the container ended: creeld knows. */
static int session_ask_status(Session *s, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        int32_t code;
        int r;

        if (!s->path || s->options.exec)
                return failure_set(f, FAILURE_SYSTEM,
                                   "lost the %s before it told its exit status; see journalctl -u creeld",
                                   s->options.exec ? "command" : "container");
        r = client_call(s->c, s->path, CREEL_CONTAINER, "Wait", &reply, f, "s", "stopped");
        if (r < 0)
                return failure_set(f, FAILURE_SYSTEM,
                                   "lost the container's supervisor before it told the exit status; see "
                                   "journalctl -u creeld");
        r = sd_bus_message_read(reply, "i", &code);
        if (r < 0)
                return client_failure(NULL, r, f);
        return code >= 0 && code <= 255 ? code : 125;
}

static int session_finish(Session *s, Failure *f) {
        if (s->error < 0)
                return s->error;
        if (s->deadly > 0) {
                int n = s->deadly;

                s->terminal = terminal_free(s->terminal);
                (void) sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
                (void) raise(n);
                return 128 + n;
        }
        if (s->detached)
                return 0;
        s->terminal = terminal_free(s->terminal);
        return s->exited ? s->status : session_ask_status(s, f);
}

int session_run(Session *s, sd_bus_message *call, const char *path, Failure *f) {
        int r;

        s->failure = f;
        r = string_set(&s->path, path);
        if (r >= 0)
                r = sd_event_add_io(s->event, NULL, s->socket_fd, EPOLLIN, on_socket, s);
        if (r >= 0)
                r = sd_event_add_io(s->event, NULL, s->signal_fd, EPOLLIN, on_signal, s);
        if (r >= 0)
                r = sd_bus_attach_event(s->c->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal_async(s->c->bus, &s->disconnected, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                              "Disconnected", on_disconnected, NULL, s);
        if (r >= 0)
                r = sd_bus_call_async(s->c->bus, &s->slot, call, on_answer, s, UINT64_MAX);
        trace("call sent");
        /* The message holds the far end of the session: as long as it lives here, the session never ends. */
        (void) sd_bus_message_unref(call);
        if (r >= 0)
                r = sd_event_loop(s->event);
        if (r < 0)
                return client_failure(NULL, r, f);
        return session_finish(s, f);
}
