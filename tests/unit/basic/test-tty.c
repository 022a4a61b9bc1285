/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/tty.h"
#include "test.h"

static void open_pty(int *ret_master, int *ret_peer) {
        *ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(*ret_master >= 0);
        assert_int_equal(unlockpt(*ret_master), 0);
        *ret_peer = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(*ret_peer >= 0);
}

static void test_raw(void **state) {
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        struct termios before, during, after, saved;

        open_pty(&master, &peer);
        assert_int_equal(tcgetattr(peer, &before), 0);
        assert_true(before.c_lflag & ICANON);
        assert_int_equal(tty_make_raw(peer, &saved), 0);
        assert_int_equal(tcgetattr(peer, &during), 0);
        assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
        assert_false(during.c_oflag & OPOST);
        tty_restore(peer, &saved);
        assert_int_equal(tcgetattr(peer, &after), 0);
        assert_int_equal(after.c_lflag, before.c_lflag);
        assert_int_equal(after.c_oflag, before.c_oflag);
}

static void test_no_terminal(void **state) {
        _cleanup_close_ int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct termios saved = { .c_lflag = 77 };

        assert_true(fd >= 0);
        assert_int_equal(tty_make_raw(fd, &saved), -ENOTTY);
        assert_int_equal(saved.c_lflag, 77);
        assert_int_equal(tty_make_raw(-EBADF, &saved), -EBADF);
}

/* Any of the three streams does. */
static void test_size(void **state) {
        _cleanup_close_ int master = -EBADF, peer = -EBADF, null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct winsize set = { .ws_row = 12, .ws_col = 34 }, got = {};
        int saved[3];
        bool found[4];

        open_pty(&master, &peer);
        assert_int_equal(ioctl(master, TIOCSWINSZ, &set), 0);
        for (int i = 0; i < 3; i++) {
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
                assert_true(dup2(null_fd, i) >= 0);
        }
        found[3] = tty_get_size(&got);
        for (int i = 0; i < 3; i++) {
                (void) dup2(peer, i);
                found[i] = tty_get_size(&got);
                (void) dup2(null_fd, i);
        }
        for (int i = 0; i < 3; i++) {
                (void) dup2(saved[i], i);
                (void) fd_close(saved[i]);
        }
        assert_false(found[3]);
        for (int i = 0; i < 3; i++)
                assert_true(found[i]);
        assert_int_equal(got.ws_row, 12);
        assert_int_equal(got.ws_col, 34);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_raw),
                cmocka_unit_test(test_no_terminal),
                cmocka_unit_test(test_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
