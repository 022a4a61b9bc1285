/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/socket.h"
#include "test.h"
#include "tmpdir.h"

static int listen_at(const char *path, size_t n, int type) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, n);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address,
                              (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n)),
                         0);
        if (type == SOCK_STREAM)
                assert_int_equal(listen(fd, 1), 0);
        return fd;
}

static void test_connect(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int fd = -EBADF, long_fd = -EBADF, client = -EBADF;
        char path[300], name[101];

        (void) snprintf(path, sizeof(path), "%s/s", dir.path);
        assert_int_equal(socket_connect(path, SOCK_STREAM, &client), -ENOENT);
        assert_int_equal(client, -EBADF);
        fd = listen_at(path, strlen(path), SOCK_STREAM);
        assert_int_equal(socket_connect(path, SOCK_STREAM, &client), 0);
        assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
        client = fd_close(client);
        assert_int_equal(socket_connect(path, SOCK_DGRAM, &client), -EPROTOTYPE);
        fd = fd_close(fd);
        assert_int_equal(socket_connect(path, SOCK_STREAM, &client), -ECONNREFUSED);
        assert_int_equal(socket_connect("", SOCK_STREAM, &client), -EINVAL);
        assert_int_equal(socket_connect(dir.path, SOCK_STREAM, &client), -ECONNREFUSED);

        /* longer than an address */
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        assert_int_equal(mkdirat(dir.fd, name, 0700), 0);
        (void) snprintf(path, sizeof(path), "%s/%s/s", dir.path, name);
        assert_int_equal(socket_connect(path, SOCK_STREAM, &client), -ENOENT);
        assert_int_equal(chdir(dir.path), 0);
        assert_int_equal(chdir(name), 0);
        long_fd = listen_at("s", 1, SOCK_STREAM);
        assert_int_equal(socket_connect("s", SOCK_STREAM, &client), 0);
        client = fd_close(client);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(socket_connect(path, SOCK_STREAM, &client), 0);
}

static void test_abstract(void **state) {
        _cleanup_close_ int fd = -EBADF, client = -EBADF;
        char name[64], too_long[200];

        (void) snprintf(name, sizeof(name), "@creel-test-%d", getpid());
        assert_int_equal(socket_connect(name, SOCK_DGRAM, &client), -ECONNREFUSED);
        name[0] = 0;
        fd = listen_at(name, 1 + strlen(name + 1), SOCK_DGRAM);
        name[0] = '@';
        assert_int_equal(socket_connect(name, SOCK_DGRAM, &client), 0);
        memset(too_long, '@', sizeof(too_long) - 1);
        too_long[sizeof(too_long) - 1] = 0;
        assert_int_equal(socket_connect(too_long, SOCK_DGRAM, &client), -ENAMETOOLONG);
}

static void test_send(void **state) {
        _cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), got = -EBADF;
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        char text[32] = "";
        struct iovec iov = { text, sizeof(text) - 1 };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        struct stat sent, received;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(socket_send_fd(pair[0], null_fd, ""), -EINVAL);
        assert_int_equal(socket_send_fd(pair[0], -EBADF, "x"), -EBADF);
        assert_int_equal(socket_send_fd(pair[0], null_fd, "/dev/pts/7"), 0);
        assert_int_equal(recvmsg(pair[1], &mh, MSG_CMSG_CLOEXEC), 10);
        assert_string_equal(text, "/dev/pts/7");
        assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
        memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
        assert_int_equal(fstat(null_fd, &sent), 0);
        assert_int_equal(fstat(got, &received), 0);
        assert_int_equal(sent.st_rdev, received.st_rdev);
        (void) close(pair[1]);
        /* no SIGPIPE */
        assert_int_equal(socket_send_fd(pair[0], null_fd, "x"), -EPIPE);
        (void) close(pair[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_connect),
                cmocka_unit_test(test_abstract),
                cmocka_unit_test(test_send),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
