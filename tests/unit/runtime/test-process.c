/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/str.h"
#include "runtime/process.h"

#include "test.h"

static void test_self(void **state) {
        unsigned depth;
        Process p;

        assert_int_equal(process_depth(getpid(), &depth), 0);
        assert_int_equal(process_read(getpid(), depth, &p), 0);
        assert_int_equal(p.pid, getpid());
        assert_int_equal(p.inner_pid, getpid());
        assert_int_equal(p.parent, getppid());
        assert_int_equal(p.euid, geteuid());
        assert_int_equal(p.gid, getgid());
        assert_int_equal(p.state, 'R');
        assert_non_null(strstr(p.args, "test-runtime-process"));
        assert_true(p.resident_bytes > 0 && p.virtual_bytes >= p.resident_bytes);
        assert_true(p.start_usec > 0);
}

/* A name that tries to end the field early. */
static void test_hostile_name(void **state) {
        int ready[2], status;
        pid_t pid;
        Process p;
        char byte;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_NAME, ") Z 1 (\xff");
                if (write(ready[1], "x", 1) != 1)
                        _exit(1);
                for (;;)
                        (void) pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(process_read(pid, 0, &p), 0);
        assert_string_equal(p.comm, ") Z 1 (\xff");
        assert_int_equal(p.parent, getpid());
        assert_true(p.state == 'S' || p.state == 'R');
        (void) kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(process_read(pid, 0, &p), -ESRCH);
        (void) close(ready[0]);
        (void) close(ready[1]);
}

static void test_id_map(void **state) {
        ProcessIdMap map = { .ranges = { { 0, 100000, 1000 }, { 1000, 5, 1 } }, .n = 2 };

        assert_int_equal(process_id_inside(&map, 100000), 0);
        assert_int_equal(process_id_inside(&map, 100999), 999);
        assert_int_equal(process_id_inside(&map, 101000), 65534);
        assert_int_equal(process_id_inside(&map, 5), 1000);
        assert_int_equal(process_id_inside(&map, 0), 65534);
        assert_int_equal(process_read_id_map(getpid(), "uid_map", &map), 0);
        assert_true(map.n >= 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_self),
                cmocka_unit_test(test_hostile_name),
                cmocka_unit_test(test_id_map),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
