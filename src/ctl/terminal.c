/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/tty.h"
#include "ctl/terminal.h"

#define COPY_BYTES 4096

struct Terminal {
        sd_event *event;
        sd_event_source *input_source, *master_source;
        int master_fd;
        bool interactive, raw;
        struct termios saved;
        void (*detach)(void *userdata);
        void *userdata;
        DetachKeys keys;

        /* Typed, not yet taken by the pty. */
        char pending[COPY_BYTES + DETACH_KEYS_MAX];
        size_t n_pending;
};

static void set_raw(Terminal *t) {
        struct termios saved;

        if (!t->interactive || tty_make_raw(STDIN_FILENO, &saved) < 0)
                return;
        if (!t->raw)
                t->saved = saved;
        t->raw = true;
}

int terminal_new(sd_event *event, bool interactive, const DetachKeys *keys, void (*detach)(void *userdata),
                 void *userdata, Terminal **ret) {
        Terminal *t = new0(Terminal, 1);

        if (!t)
                return -ENOMEM;
        *t = (Terminal){ .event = sd_event_ref(event),
                         .master_fd = -EBADF,
                         .interactive = interactive,
                         .keys = *keys,
                         .detach = detach,
                         .userdata = userdata };
        *ret = t;
        return 0;
}

/* Standard output may be non-blocking, when it is shared with somebody who wants it so. */
static int write_out(const char *data, size_t n) {
        while (n > 0) {
                ssize_t k = write(STDOUT_FILENO, data, n);

                if (k < 0 && errno == EAGAIN) {
                        (void) poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
                        continue;
                }
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return negative_errno();
                data += k;
                n -= (size_t) k;
        }
        return 0;
}

static void close_master(Terminal *t) {
        t->master_source = sd_event_source_disable_unref(t->master_source);
        t->input_source = sd_event_source_disable_unref(t->input_source);
        t->master_fd = fd_close(t->master_fd);
}

/* Copies what the pty has. 1: more may follow. 0: nothing now. -EIO: the other side is closed. */
static int copy_output(Terminal *t) {
        char data[COPY_BYTES];
        ssize_t n;

        n = read(t->master_fd, data, sizeof(data));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                return -EIO;
        /* With nobody to read it, the output is lost, but the container goes on. */
        (void) write_out(data, (size_t) n);
        return 1;
}

static void flush_pending(Terminal *t) {
        ssize_t n;

        n = t->n_pending > 0 ? write(t->master_fd, t->pending, t->n_pending) : 0;
        if (n > 0) {
                t->n_pending -= (size_t) n;
                memmove(t->pending, t->pending + n, t->n_pending);
        }
        (void) sd_event_source_set_io_events(t->master_source, EPOLLIN | (t->n_pending > 0 ? EPOLLOUT : 0));
        if (t->input_source)
                (void) sd_event_source_set_enabled(t->input_source,
                                                   t->n_pending > 0 ? SD_EVENT_OFF : SD_EVENT_ON);
}

static int on_master(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Terminal *t = userdata;

        if (revents & EPOLLOUT)
                flush_pending(t);
        if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) && copy_output(t) == -EIO)
                close_master(t);
        return 0;
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Terminal *t = userdata;
        char data[COPY_BYTES];
        bool detach;
        ssize_t n;

        n = read(STDIN_FILENO, data, sizeof(data));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                t->input_source = sd_event_source_disable_unref(t->input_source);
                return 0;
        }
        t->n_pending = detach_keys_filter(&t->keys, data, (size_t) n, t->pending, &detach);
        flush_pending(t);
        if (detach)
                t->detach(t->userdata);
        return 0;
}

int terminal_attach(Terminal *t, int master_fd) {
        int r;

        close_master(t);
        t->master_fd = master_fd;
        /* A closed standard output must not end us before the terminal is restored. */
        (void) sigaction(SIGPIPE, &(const struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        r = fd_set_nonblock(master_fd, true);
        if (r >= 0)
                r = sd_event_add_io(t->event, &t->master_source, master_fd, EPOLLIN, on_master, t);
        if (r < 0)
                return r;
        terminal_resize(t);
        if (!t->interactive)
                return 0;
        set_raw(t);
        return sd_event_add_io(t->event, &t->input_source, STDIN_FILENO, EPOLLIN, on_input, t);
}

void terminal_resize(Terminal *t) {
        struct winsize size;

        if (t->master_fd >= 0 && tty_get_size(&size))
                (void) ioctl(t->master_fd, TIOCSWINSZ, &size);
}

void terminal_resume(Terminal *t) {
        if (t->raw)
                set_raw(t);
        terminal_resize(t);
}

Terminal *terminal_free(Terminal *t) {
        if (!t)
                return NULL;
        while (t->master_fd >= 0 && copy_output(t) > 0)
                ;
        close_master(t);
        if (t->raw)
                tty_restore(STDIN_FILENO, &t->saved);
        sd_event_unref(t->event);
        return mfree(t);
}
