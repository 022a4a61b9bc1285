/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "supervise/record.h"

#include "test.h"

static void test_from_wait(void **state) {
        ExitRecord r = exit_record_from_wait(CLD_EXITED, 3);

        assert_int_equal(r.status, 3);
        assert_int_equal(r.signal, 0);
        r = exit_record_from_wait(CLD_KILLED, SIGKILL);
        assert_int_equal(r.status, 137);
        assert_int_equal(r.signal, SIGKILL);
        r = exit_record_from_wait(CLD_DUMPED, SIGSEGV);
        assert_int_equal(r.status, 139);
        assert_true(r.finished_usec > 0);
}

static void test_write(void **state) {
        const ExitRecord record = {
                .status = 137, .signal = 9, .oom = true, .asked = true, .finished_usec = 1234567
        };
        char directory[] = "/tmp/test-record-XXXXXX";
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_non_null(mkdtemp(directory));
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(exit_record_write(&record, fd), 0);
        assert_int_equal(file_read(fd, "exit", 4096, &text, NULL), 0);
        assert_string_equal(text, "{\"version\":1,\"status\":137,\"signal\":9,\"oom\":true,\"asked\":true,"
                                  "\"finishedUsec\":"
                                  "1234567}\n");
        assert_int_equal(unlinkat(fd, "exit", 0), 0);
        assert_int_equal(rmdir(directory), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_from_wait),
                cmocka_unit_test(test_write),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
