/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/socket.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/passing.h"

#define FD_FIRST 3U

static int add_fd(Passing *p, uint32_t number, const char *option, Failure *f) {
        if (fcntl((int) number, F_GETFD) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '%s': the file descriptor %" PRIu32 " is not open", option,
                                   number);
        for (size_t i = 0; i < p->n_fds; i++)
                if (p->numbers[i] == number)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '%s': the file descriptor %" PRIu32 " is named twice",
                                           option, number);
        if (p->n_fds >= PASSING_FDS_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '%s': no more than %d file descriptors can be passed on", option,
                                   PASSING_FDS_MAX);
        p->fds[p->n_fds] = (int) number;
        p->numbers[p->n_fds++] = number;
        return 0;
}

/* As sd_listen_fds(3), whose variables are meant for this very process or for nobody. */
static int add_listen_fds(Passing *p, Failure *f) {
        const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
        uint32_t for_pid, n;

        if (!pid || !count || parse_u32(pid, &for_pid) < 0 || (pid_t) for_pid != getpid() ||
            parse_u32(count, &n) < 0)
                return 0;
        for (uint32_t i = 0; i < n; i++) {
                int r = add_fd(p, FD_FIRST + i, "LISTEN_FDS", f);

                if (r < 0)
                        return r;
        }
        p->n_listen = p->n_fds;
        p->listen_names = getenv("LISTEN_FDNAMES");
        return 0;
}

static int add_list(Passing *p, const char *list, Failure *f) {
        _cleanup_strv_free_ char **words = NULL;
        int r;

        r = strv_split(list, ",", &words);
        if (r < 0)
                return r;
        if (!words)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--preserve-fd' has '%s': must be numbers from 3", list);
        STRV_FOREACH(i, words) {
                uint32_t n;

                if (parse_u32(*i, &n) < 0 || n < FD_FIRST || n > 1023)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--preserve-fd' has '%s': must be numbers from 3 to 1023",
                                           list);
                r = add_fd(p, n, "--preserve-fd", f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_preserved(Passing *p, uint64_t preserve, char *const *lists, Failure *f) {
        int r = 0;

        for (uint64_t i = 0; i < preserve && r >= 0; i++)
                r = add_fd(p, FD_FIRST + (uint32_t) p->n_fds, "--preserve-fds", f);
        STRV_FOREACH(i, lists)
                if (r >= 0)
                        r = add_list(p, *i, f);
        return r;
}

static int collect(bool listen, uint64_t preserve, char *const *lists, Passing *ret, Failure *f) {
        Passing p = PASSING_NONE;
        int r;

        if (preserve > 0 && lists)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--preserve-fds and --preserve-fd exclude each other; leave one out");
        r = listen ? add_listen_fds(&p, f) : 0;
        if (r >= 0)
                r = add_preserved(&p, preserve, lists, f);
        if (r < 0)
                return r;
        *ret = p;
        return 0;
}

int passing_collect(uint64_t preserve, char *const *lists, Passing *ret, Failure *f) {
        return collect(true, preserve, lists, ret, f);
}

int passing_collect_preserved(uint64_t preserve, char *const *lists, Passing *ret, Failure *f) {
        return collect(false, preserve, lists, ret, f);
}

int passing_connect_notify(Passing *p, Failure *f) {
        const char *path = getenv("NOTIFY_SOCKET");
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (isempty(path))
                return 0;
        r = *path == '/' || *path == '@' ? socket_connect(path, SOCK_DGRAM, &fd) : -EINVAL;
        if (r == -EINVAL || r == -ENAMETOOLONG)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "NOTIFY_SOCKET is '%s', which is no address of a socket; see --sdnotify "
                                   "ignore",
                                   path);
        if (r < 0) {
                (void) fprintf(stderr, "creelctl: nobody listens at NOTIFY_SOCKET %s, ignoring: %s\n", path,
                               strerrordesc_np(-r));
                return 0;
        }
        p->notify_fd = TAKE_FD(fd);
        return 0;
}

static int append_fds(const Passing *p, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "fds");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(uh)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(uh)");
        for (size_t i = 0; i < p->n_fds && r >= 0; i++)
                r = sd_bus_message_append(m, "(uh)", p->numbers[i], p->fds[i]);
        for (int i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

int passing_append(const Passing *p, sd_bus_message *m) {
        int r = 0;

        if (p->n_fds > 0)
                r = append_fds(p, m);
        if (r >= 0 && p->n_listen > 0)
                r = sd_bus_message_append(m, "{sv}", "listen-fds", "u", (uint32_t) p->n_listen);
        if (r >= 0 && p->n_listen > 0 && p->listen_names)
                r = sd_bus_message_append(m, "{sv}", "listen-fdnames", "s", p->listen_names);
        if (r >= 0 && p->notify_fd >= 0)
                r = sd_bus_message_append(m, "{sv}", "notify", "h", p->notify_fd);
        return r;
}

void passing_notify(const Passing *p, const char *text) {
        if (p->notify_fd >= 0 && send(p->notify_fd, text, strlen(text), MSG_NOSIGNAL) < 0)
                (void) fprintf(stderr, "creelctl: cannot notify the service manager, ignoring: %m\n");
}
