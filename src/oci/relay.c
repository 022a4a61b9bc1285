/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/tty.h"
#include "oci/relay.h"

#define COPY_BYTES 4096              /* a pipe that is ready takes as much without blocking */
#define REST_BYTES_MAX (1024 * 1024) /* what is copied after the end, while others still print */
#define STATUS_SIGNALLED 128

/* One direction. */
typedef struct Flow {
        int from_fd, to_fd; /* -EBADF: at its end, or broken */
        char data[COPY_BYTES];
        size_t start, end;
} Flow;

typedef struct Relay {
        const RelayOptions *options;
        int signal_fd, watch_fd;
        int peer_fd; /* keeps the terminal from ending when the process closes it */
        Flow input, output;
        size_t rest; /* bytes copied since the end */
        bool raw, ended, given_up;
        int status;
        struct termios saved;
} Relay;

enum { POLL_SIGNAL, POLL_PROCESS, POLL_INPUT, POLL_OUTPUT, POLL_MASTER, POLL_WATCHED, _POLL_MAX };

int relay_prepare(bool reap) {
        sigset_t all;

        (void) sigfillset(&all);
        if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
                return negative_errno();
        return reap && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}

static int status_of(const siginfo_t *info) {
        return info->si_code == CLD_EXITED ? info->si_status : STATUS_SIGNALLED + info->si_status;
}

static void flow_read(Flow *f) {
        ssize_t n = read(f->from_fd, f->data, sizeof(f->data));

        if (n > 0) {
                f->start = 0;
                f->end = (size_t) n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                f->from_fd = -EBADF;
}

/* With nobody who takes it what is read is lost, but the process goes on. */
static void flow_write(Flow *f) {
        ssize_t n = f->to_fd >= 0 ? write(f->to_fd, f->data + f->start, f->end - f->start)
                                  : (ssize_t) (f->end - f->start);

        if (n >= 0)
                f->start += (size_t) n;
        else if (errno != EAGAIN && errno != EINTR) {
                f->to_fd = -EBADF;
                f->start = f->end;
        }
}

static bool flow_is_full(const Flow *f) {
        return f->start < f->end;
}

static void resize(Relay *r) {
        struct winsize size;

        if (r->options->master_fd >= 0 && tty_get_size(&size))
                (void) ioctl(r->options->master_fd, TIOCSWINSZ, &size);
}

static void make_raw(Relay *r) {
        struct termios saved;

        if (r->options->master_fd < 0 || tty_make_raw(STDIN_FILENO, &saved) < 0)
                return;
        if (!r->raw)
                r->saved = saved;
        r->raw = true;
}

static void attach(Relay *r) {
        int master = r->options->master_fd;

        if (master < 0)
                return;
        r->peer_fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        (void) fd_set_nonblock(master, true);
        r->input = (Flow){ .from_fd = STDIN_FILENO, .to_fd = master };
        r->output = (Flow){ .from_fd = master, .to_fd = STDOUT_FILENO };
        make_raw(r);
        resize(r);
}

static void pass_on(const Relay *r, int signal) {
        if (syscall(SYS_pidfd_send_signal, r->options->pidfd, signal, NULL, 0) < 0)
                log_debug_errno(errno, "cannot send signal %d to the process, ignoring: %m", signal);
}

/* Others than the process that is waited for. */
static void reap(const Relay *r) {
        for (;;) {
                siginfo_t info = {};

                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
                    info.si_pid == r->options->pid)
                        return;
                (void) waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
        }
}

static void on_signal(Relay *r, int signal) {
        switch (signal) {
        case SIGCHLD:
                if (r->options->reap)
                        reap(r);
                return;
        case SIGWINCH:
                if (r->options->master_fd < 0)
                        pass_on(r, signal);
                resize(r);
                return;
        /* Our own matter. */
        case SIGPIPE:
        case SIGURG:
        case SIGTTIN:
        case SIGTTOU:
                return;
        case SIGCONT:
                make_raw(r);
                resize(r);
                break;
        }
        if (r->ended)
                r->given_up = true;
        else
                pass_on(r, signal);
}

static void on_signals(Relay *r) {
        struct signalfd_siginfo info[16];
        ssize_t n = read(r->signal_fd, info, sizeof(info));

        for (ssize_t i = 0; i < n / (ssize_t) sizeof(info[0]); i++)
                on_signal(r, (int) info[i].ssi_signo);
}

static int collect(Relay *r) {
        siginfo_t info = {};

        if (waitid(P_PIDFD, (id_t) r->options->pidfd, &info, WEXITED) < 0)
                return negative_errno();
        r->status = status_of(&info);
        r->ended = true;
        r->input.from_fd = -EBADF;
        r->input.end = r->input.start;
        return 0;
}

static void on_watched(Relay *r) {
        if (r->options->on_watched(r->options->userdata) < 0)
                r->watch_fd = -EBADF;
}

/* A flow is read when there is room for it, and written when there is something. */
static void fill_poll(const Relay *r, struct pollfd fds[static _POLL_MAX]) {
        bool input = flow_is_full(&r->input), output = flow_is_full(&r->output);
        short master = (short) ((input ? POLLOUT : 0) | (!output && r->output.from_fd >= 0 ? POLLIN : 0));

        fds[POLL_SIGNAL] = (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
        fds[POLL_PROCESS] = (struct pollfd){ .fd = r->ended ? -1 : r->options->pidfd, .events = POLLIN };
        fds[POLL_INPUT] = (struct pollfd){ .fd = input ? -1 : r->input.from_fd, .events = POLLIN };
        fds[POLL_OUTPUT] = (struct pollfd){ .fd = output ? r->output.to_fd : -1, .events = POLLOUT };
        fds[POLL_MASTER] = (struct pollfd){ .fd = master ? r->options->master_fd : -1, .events = master };
        fds[POLL_WATCHED] = (struct pollfd){ .fd = r->ended ? -1 : r->watch_fd, .events = POLLIN };
}

static void copy(Relay *r, const struct pollfd fds[static _POLL_MAX]) {
        if (fds[POLL_INPUT].revents)
                flow_read(&r->input);
        if (flow_is_full(&r->input) && (fds[POLL_MASTER].revents & (POLLOUT | POLLERR)))
                flow_write(&r->input);
        if (fds[POLL_OUTPUT].revents)
                flow_write(&r->output);
        if (!flow_is_full(&r->output) && r->output.from_fd >= 0 &&
            (fds[POLL_MASTER].revents & (POLLIN | POLLHUP | POLLERR))) {
                flow_read(&r->output);
                r->rest += r->ended ? r->output.end - r->output.start : 0;
        }
        if (flow_is_full(&r->output) && r->output.to_fd < 0)
                flow_write(&r->output);
}

/* After the end what was printed until then is copied, but no more is waited for. */
static bool is_over(const Relay *r, int n_ready) {
        if (!r->ended)
                return false;
        return r->given_up || r->rest > REST_BYTES_MAX ||
               (!flow_is_full(&r->output) && (r->output.from_fd < 0 || n_ready == 0));
}

static int turn(Relay *r, bool *ret_over) {
        struct pollfd fds[_POLL_MAX];
        int n, k;

        fill_poll(r, fds);
        n = poll(fds, _POLL_MAX, r->ended && !flow_is_full(&r->output) ? 0 : -1);
        if (n < 0)
                return errno == EINTR ? 0 : negative_errno();
        if (fds[POLL_SIGNAL].revents)
                on_signals(r);
        if (fds[POLL_WATCHED].revents)
                on_watched(r);
        copy(r, fds);
        *ret_over = is_over(r, n);
        if (fds[POLL_PROCESS].revents) {
                k = collect(r);
                if (k < 0)
                        return k;
        }
        return 0;
}

int relay_run(const RelayOptions *options, int *ret_status, Failure *f) {
        Relay r = { .options = options,
                    .watch_fd = options->watch_fd,
                    .peer_fd = -EBADF,
                    .input = { .from_fd = -EBADF, .to_fd = -EBADF },
                    .output = { .from_fd = -EBADF, .to_fd = -EBADF } };
        bool over = false;
        sigset_t all;
        int k = 0;

        (void) sigfillset(&all);
        r.signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
        if (r.signal_fd < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot take signals");
        attach(&r);
        while (k >= 0 && !over)
                k = turn(&r, &over);
        if (r.raw)
                tty_restore(STDIN_FILENO, &r.saved);
        (void) fd_close(r.peer_fd);
        (void) fd_close(r.signal_fd);
        if (k < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, k, "cannot wait for the process");
        *ret_status = r.status;
        return 0;
}
