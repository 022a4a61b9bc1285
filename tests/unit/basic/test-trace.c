/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/trace.h"

#include "test.h"

static void test_silent(void **state) {
        (void) unsetenv("CREEL_TRACE");
        trace_setup("quiet");
        assert_true(trace_fd < 0);
        trace("nobody listens");
        assert_null(*trace_environment());

        (void) setenv("CREEL_TRACE", "relative", 1);
        trace_setup("quiet");
        assert_true(trace_fd < 0);
}

static void test_stages(void **state) {
        char path[] = "/tmp/test-trace-XXXXXX";
        _cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        unsigned long long first, second;
        int pid, n = 0;

        assert_true(fd >= 0);
        (void) setenv("CREEL_TRACE", path, 1);
        trace_setup("loud");
        assert_true(trace_fd >= 0);
        assert_true(fcntl(trace_fd, F_GETFD) & FD_CLOEXEC);
        errno = EXDEV;
        trace("one stage");
        assert_int_equal(errno, EXDEV);
        trace_setup("renamed");
        trace("another");
        assert_string_equal(trace_environment()[0] + strlen("CREEL_TRACE="), path);
        assert_null(trace_environment()[1]);

        assert_int_equal(fd_read_file(fd, 4096, &text, NULL), 0);
        assert_int_equal(sscanf(text, "%llu loud[%d] one stage\n%llu renamed[%*d] another\n%n", &first, &pid,
                                &second, &n),
                         3);
        assert_int_equal(n, strlen(text));
        assert_int_equal(pid, getpid());
        assert_true(first <= second);
        trace_fd = fd_close(trace_fd);
        (void) unlink(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_silent),
                cmocka_unit_test(test_stages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
