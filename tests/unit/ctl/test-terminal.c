/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "ctl/terminal.h"
#include "test.h"

static int open_pty(int *ret_master, int *ret_peer) {
        *ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (*ret_master < 0 || unlockpt(*ret_master) < 0)
                return -errno;
        *ret_peer = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        return *ret_peer < 0 ? -errno : 0;
}

static bool detached;

static void on_detach(void *userdata) {
        detached = true;
        (void) sd_event_exit(userdata, 0);
}

/* The caller's terminal is one pty, the container's another. */
static void test_copy(void **state) {
        _cleanup_close_ int user = -EBADF, user_peer = -EBADF, peer = -EBADF,
                            saved_in = fcntl(0, F_DUPFD_CLOEXEC, 3),
                            saved_out = fcntl(1, F_DUPFD_CLOEXEC, 3);
        struct winsize size = { .ws_row = 33, .ws_col = 111 }, got = {};
        struct termios before, during, after;
        DetachKeys keys;
        sd_event *event = NULL;
        Terminal *t = NULL;
        char buf[64] = "";
        int master;

        assert_int_equal(open_pty(&user, &user_peer), 0);
        assert_int_equal(open_pty(&master, &peer), 0);
        assert_int_equal(ioctl(user, TIOCSWINSZ, &size), 0);
        assert_true(dup2(user_peer, 0) >= 0 && dup2(user_peer, 1) >= 0);
        assert_int_equal(tcgetattr(0, &before), 0);

        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(detach_keys_parse(DETACH_KEYS_DEFAULT, &keys), 0);
        assert_int_equal(terminal_new(event, true, &keys, on_detach, event, &t), 0);
        assert_true(terminal_attach(t, master) >= 0);
        assert_int_equal(ioctl(peer, TIOCGWINSZ, &got), 0);
        assert_int_equal(got.ws_col, 111);
        assert_int_equal(tcgetattr(0, &during), 0);
        assert_false(during.c_lflag & (ICANON | ECHO | ISIG));

        size.ws_col = 99;
        assert_int_equal(ioctl(user, TIOCSWINSZ, &size), 0);
        terminal_resize(t);
        assert_int_equal(ioctl(peer, TIOCGWINSZ, &got), 0);
        assert_int_equal(got.ws_col, 99);

        assert_int_equal(write(user, "hi\r\x10\x11", 5), 5);
        assert_true(sd_event_loop(event) >= 0);
        assert_true(detached);
        assert_int_equal(read(peer, buf, sizeof(buf)), 3);
        assert_memory_equal(buf, "hi\n", 3);
        assert_int_equal(write(peer, "bye", 3), 3);

        /* copies the echo and the rest, and restores the caller's terminal */
        t = terminal_free(t);
        assert_int_equal(tcgetattr(0, &after), 0);
        assert_int_equal(after.c_lflag, before.c_lflag);
        assert_true(dup2(saved_in, 0) >= 0 && dup2(saved_out, 1) >= 0);
        sd_event_unref(event);
        memset(buf, 0, sizeof(buf));
        /* What arrives in two pieces may be read in two. */
        for (size_t n = 0; !strstr(buf, "bye");) {
                ssize_t k = read(user, buf + n, sizeof(buf) - 1 - n);

                assert_true(k > 0);
                n += (size_t) k;
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
