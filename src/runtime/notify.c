/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/notify.h"

#define PATIENCE_USEC 20000
#define FDS_MAX 253 /* SCM_MAX_FD of the kernel */

/* Not passed on are process numbers, which mean nothing outside, and what is about descriptors. */
static const char *const passed_on[] = {
        "READY=",          "STATUS=",    "RELOADING=",     "STOPPING=",    "ERRNO=",
        "BUSERROR=",       "WATCHDOG=",  "WATCHDOG_USEC=", "EXIT_STATUS=", "EXTEND_TIMEOUT_USEC=",
        "MONOTONIC_USEC=", "X_SYSTEMD_",
};
static const char *const remembered[] = { "READY=", "STATUS=", "X_SYSTEMD_SIGNALS_LEVEL=" };

static bool begins_with_any(const char *line, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (startswith(line, names[i]))
                        return true;
        return false;
}

static void on_alarm(int signal) {
        (void) signal;
}

/* What is sent along is let go of here, which takes as long as its sender likes: SO_LINGER. A signal ends
 * that wait. */
static void be_impatient(bool on) {
        static const struct itimerval patience = { .it_interval.tv_usec = PATIENCE_USEC,
                                                   .it_value.tv_usec = PATIENCE_USEC };

        (void) setitimer(ITIMER_REAL, on ? &patience : &(const struct itimerval){}, NULL);
}

int notify_open(int dir_fd, const char *name, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -EBADF;
        int on = 1;

        if (sigaction(SIGALRM, &(const struct sigaction){ .sa_handler = on_alarm }, NULL) < 0)
                return negative_errno();
        (void) unlinkat(dir_fd, name, 0);
        /* By way of /proc, because paths of sockets are short. */
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
            bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return negative_errno();
        /* Any user inside may be the one that is ready. */
        if (fchmodat(dir_fd, name, 0777, 0) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void close_all(const struct cmsghdr *c) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        int fds[FDS_MAX];

        if (n > FDS_MAX)
                return;
        memcpy(fds, CMSG_DATA(c), n * sizeof(int));
        for (size_t i = 0; i < n; i++)
                (void) fd_close(fds[i]);
}

size_t notify_filter(const char *text, char out[static NOTIFY_BYTES_MAX]) {
        size_t size = 0;

        if (strlen(text) > NOTIFY_BYTES_MAX - 2)
                text = "";

        while (*text) {
                size_t n = strcspn(text, "\n");

                if (begins_with_any(text, passed_on, ELEMENTSOF(passed_on))) {
                        memcpy(out + size, text, n);
                        size += n;
                        out[size++] = '\n';
                }
                text += n + (text[n] == '\n');
        }
        out[size] = 0;
        return size;
}

static int receive(int fd, NotifyFrom from, pid_t leader, char ret[static NOTIFY_BYTES_MAX]) {
        char buffer[NOTIFY_BYTES_MAX - 1];
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct iovec iov = { buffer, sizeof(buffer) - 1 };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        struct ucred sender = {};
        ssize_t n;

        n = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : negative_errno();
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_CREDENTIALS)
                        memcpy(&sender, CMSG_DATA(c), sizeof(sender));
                else if (c->cmsg_type == SCM_RIGHTS)
                        close_all(c);
        }
        if ((mh.msg_flags & MSG_TRUNC) || (from == NOTIFY_FIRST && sender.pid != leader))
                return 0;
        buffer[n] = 0;
        if (strlen(buffer) != (size_t) n)
                return 0;
        return notify_filter(buffer, ret) > 0;
}

int notify_receive(int fd, NotifyFrom from, pid_t leader, char ret[static NOTIFY_BYTES_MAX]) {
        int r;

        be_impatient(true);
        r = receive(fd, from, leader, ret);
        be_impatient(false);
        return r;
}

int notify_remember(char ***state, const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");
                int r;

                if (begins_with_any(text, remembered, ELEMENTSOF(remembered))) {
                        _cleanup_free_ char *line = strndup(text, n);

                        r = line ? strv_env_set(state, line) : -ENOMEM;
                        if (r < 0)
                                return r;
                }
                text += n + (text[n] == '\n');
        }
        return 0;
}
