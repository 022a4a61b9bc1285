/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/macro.h"
#include "runtime/descriptor.h"

#include "child.h"
#include "test.h"

static int close_others(int *keep, size_t n, const int *left, size_t n_left) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                for (int fd = 3; fd < 20; fd++)
                        CHECK(dup3(STDERR_FILENO, fd, fd % 2 ? O_CLOEXEC : 0) == fd);
                CHECK(descriptor_close_others(keep, n) == 0);
                for (int fd = 0, i = 0; fd < 20; fd++) {
                        bool there = fcntl(fd, F_GETFD) >= 0, wanted = fd < 3;

                        for (i = 0; i < (int) n_left; i++)
                                wanted = wanted || left[i] == fd;
                        if (there != wanted)
                                _exit(fd + 1);
                }
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static void test_close_others(void **state) {
        int mixed[] = { 7, -EBADF, 3, 19, 8, 7, 1 }, first[] = { 3, 4, 5 }, none[] = { -EBADF, 2 };

        assert_int_equal(close_others(mixed, ELEMENTSOF(mixed), (const int[]) { 3, 7, 8, 19 }, 4), 0);
        assert_int_equal(close_others(first, ELEMENTSOF(first), (const int[]) { 3, 4, 5 }, 3), 0);
        assert_int_equal(close_others(none, ELEMENTSOF(none), NULL, 0), 0);
        assert_int_equal(close_others(NULL, 0, NULL, 0), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_close_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
