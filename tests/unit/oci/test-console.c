/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "oci/console.h"
#include "test.h"
#include "tmpdir.h"

static void test_check(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(console_check(false, false, NULL, &f), 0);
        assert_int_equal(console_check(true, false, NULL, &f), 0);
        assert_int_equal(console_check(false, true, NULL, &f), 0);
        assert_int_equal(console_check(true, true, "/s", &f), 0);
        assert_null(f.text);
        assert_true(console_check(true, true, NULL, &f) < 0);
        assert_non_null(strstr(f.text, "use --console-socket"));
        assert_true(console_check(true, true, "", &f) < 0);
        assert_true(console_check(false, true, "/s", &f) < 0);
        assert_non_null(strstr(f.text, "has no terminal"));
        assert_true(console_check(true, false, "/s", &f) < 0);
        assert_non_null(strstr(f.text, "detached"));
        assert_true(console_check(false, false, "/s", &f) < 0);
}

static int receive(int fd, char *text, size_t size) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = { text, size };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        int got;

        memset(text, 0, size);
        assert_true(recvmsg(fd, &mh, MSG_CMSG_CLOEXEC) > 0);
        assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
        memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
        return got;
}

static void test_send(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = -EBADF,
                            server = -EBADF, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC),
                            got = -EBADF, got_process = -EBADF,
                            pidfd = (int) syscall(SYS_pidfd_open, getpid(), 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_failure_ Failure f = {};
        char text[64], expect[64];
        unsigned number;

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir.path);
        assert_true(console_connect("--console-socket", address.sun_path, &client, &f) < 0);
        assert_non_null(strstr(f.text, "--console-socket: cannot connect to /tmp/"));
        assert_int_equal(bind(listener, (const struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(console_connect("--console-socket", address.sun_path, &client, &f), 0);
        server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        assert_int_equal(console_send_terminal(client, master, &f), 0);
        got = receive(server, text, sizeof(text));
        assert_int_equal(ioctl(master, TIOCGPTN, &number), 0);
        (void) snprintf(expect, sizeof(expect), "/dev/pts/%u", number);
        assert_string_equal(text, expect);
        assert_int_equal(ioctl(got, TIOCGPTN, &number), 0);
        (void) snprintf(expect, sizeof(expect), "/dev/pts/%u", number);
        assert_string_equal(text, expect);
        assert_true(console_send_terminal(client, listener, &f) < 0);

        assert_int_equal(console_send_process(client, pidfd, true, &f), 0);
        got_process = receive(server, text, sizeof(text));
        assert_string_equal(text, "standard");
        assert_int_equal(syscall(SYS_pidfd_send_signal, got_process, 0, NULL, 0), 0);
        assert_int_equal(console_send_process(client, pidfd, false, &f), 0);
        (void) fd_close(receive(server, text, sizeof(text)));
        assert_string_equal(text, "setns");
        server = fd_close(server);
        assert_true(console_send_process(client, pidfd, true, &f) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_send),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
