/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/socket.h"

/* @path_fd is opened where the address names it by its number. */
static int make_address(const char *path, struct sockaddr_un *address, socklen_t *ret_size, int *path_fd) {
        size_t n = strlen(path);

        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (n == 0)
                return -EINVAL;
        if (*path == '@' && n >= sizeof(address->sun_path))
                return -ENAMETOOLONG;
        if (n < sizeof(address->sun_path)) {
                memcpy(address->sun_path, path, n);
                if (*path == '@')
                        address->sun_path[0] = 0;
        } else {
                *path_fd = open(path, O_PATH | O_CLOEXEC);
                if (*path_fd < 0)
                        return negative_errno();
                n = (size_t) snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d",
                                      *path_fd);
        }
        *ret_size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n);
        return 0;
}

int socket_connect(const char *path, int type, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF, path_fd = -EBADF;
        struct sockaddr_un address;
        socklen_t size;
        int r;

        r = make_address(path, &address, &size, &path_fd);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return negative_errno();
        while (connect(fd, (const struct sockaddr *) &address, size) < 0)
                if (errno != EINTR)
                        return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int socket_send_fd(int socket_fd, int fd, const char *text) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS,
                                  .cmsg_len = CMSG_LEN(sizeof(int)) } };
        struct iovec iov = { (char *) text, strlen(text) };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };

        if (iov.iov_len == 0)
                return -EINVAL;
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        while (sendmsg(socket_fd, &mh, MSG_NOSIGNAL) < 0)
                if (errno != EINTR)
                        return negative_errno();
        return 0;
}
