/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/hold.h"

#include "test.h"

static void test_wait(void **state) {
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(write(fds[1], "s", 1), 1);
        assert_int_equal(hold_wait(fds[0]), 0);
        (void) close(fds[1]);
        assert_int_equal(hold_wait(fds[0]), -ECANCELED);
        (void) close(fds[0]);
        assert_int_equal(hold_wait(fds[0]), -EBADF);
}

static void test_report(void **state) {
        char text[16 * 1024], line[16 * 1024];
        Failure failure = { .kind = FAILURE_STORAGE, .text = text };
        ssize_t n;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        (void) snprintf(text, sizeof(text), "full");
        hold_report(fds[1], &failure);
        n = read(fds[0], line, sizeof(line));
        assert_int_equal(n, strlen("Storage full\n"));
        assert_memory_equal(line, "Storage full\n", (size_t) n);
        /* A text of any length stays one line. */
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = 0;
        hold_report(fds[1], &failure);
        n = read(fds[0], line, sizeof(line));
        assert_true(n > 1000 && n <= 4096 && line[n - 1] == '\n');
        (void) close(fds[0]);
        (void) close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wait),
                cmocka_unit_test(test_report),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
