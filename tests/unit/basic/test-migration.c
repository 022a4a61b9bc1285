/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/migration.h"

#include "test.h"

static void test_writes(void **state) {
        _cleanup_close_ int in = -EBADF, out = -EBADF, pidfd = -EBADF;
        char text[8] = "";
        siginfo_t info = {};
        int pair[2];
        pid_t pid;

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        in = pair[0];
        out = pair[1];
        assert_int_equal(migration_begin(out, &pid, &pidfd), 0);
        assert_true(pid > 0);
        assert_int_equal(read(in, text, sizeof(text)), 1);
        assert_string_equal(text, "0");
        assert_int_equal(waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED), 0);
        assert_int_equal(info.si_code, CLD_EXITED);
        assert_int_equal(info.si_status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_writes) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
