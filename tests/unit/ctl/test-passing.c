/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "ctl/passing.h"

#include "test.h"
#include "tmpdir.h"

static void put(int number) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd != number) {
                assert_int_equal(dup2(fd, number), number);
                (void) close(fd);
        }
}

static void refused(uint64_t n, const char *list) {
        _cleanup_strv_free_ char **lists = NULL;
        _cleanup_failure_ Failure f = {};
        Passing p;

        if (list)
                assert_int_equal(strv_extend(&lists, list), 0);
        assert_true(passing_collect(n, lists, &p, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_collect(void **state) {
        _cleanup_strv_free_ char **lists = NULL;
        char pid[32];
        Passing p;

        for (int i = 3; i < 40; i++)
                (void) close(i);
        put(3);
        put(4);
        put(7);
        assert_int_equal(passing_collect(0, NULL, &p, NULL), 0);
        assert_int_equal(p.n_fds, 0);
        assert_int_equal(passing_collect(2, NULL, &p, NULL), 0);
        assert_int_equal(p.n_fds, 2);
        assert_int_equal(p.numbers[1], 4);
        assert_int_equal(strv_extend(&lists, "7,3"), 0);
        assert_int_equal(passing_collect(0, lists, &p, NULL), 0);
        assert_int_equal(p.n_fds, 2);
        assert_int_equal(p.fds[0], 7);

        refused(3, NULL); /* 5 is closed */
        refused(1, "7");
        refused(0, "");
        refused(0, "2");
        refused(0, "x");
        refused(0, "3,3");
        refused(0, "5");
        refused(1000, NULL);

        /* those of socket activation come first, and are somebody else's unless the number is ours */
        (void) snprintf(pid, sizeof(pid), "%d", getpid());
        assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
        assert_int_equal(setenv("LISTEN_PID", "1", 1), 0);
        assert_int_equal(passing_collect(1, NULL, &p, NULL), 0);
        assert_int_equal(p.n_listen, 0);
        assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
        assert_int_equal(setenv("LISTEN_FDNAMES", "http", 1), 0);
        assert_int_equal(passing_collect(1, NULL, &p, NULL), 0);
        assert_int_equal(p.n_listen, 1);
        assert_int_equal(p.n_fds, 2);
        assert_string_equal(p.listen_names, "http");
}

static void test_notify(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_failure_ Failure f = {};
        Passing p = PASSING_NONE;
        char text[32] = "";

        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        assert_int_equal(passing_connect_notify(&p, &f), 0);
        assert_true(p.notify_fd < 0);
        passing_notify(&p, "READY=1");
        assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
        assert_true(passing_connect_notify(&p, &f) < 0);
        assert_int_equal(setenv("NOTIFY_SOCKET", "/no/such/socket", 1), 0);
        assert_int_equal(passing_connect_notify(&p, NULL), 0);
        assert_true(p.notify_fd < 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir.path);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
        assert_int_equal(passing_connect_notify(&p, &f), 0);
        passing_notify(&p, "READY=1");
        assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 7);
        assert_string_equal(text, "READY=1");
        p.notify_fd = fd_close(p.notify_fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_collect),
                cmocka_unit_test(test_notify),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
