/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "basic/fd.h"
#include "runtime/namespace.h"
#include "runtime/time-namespace.h"

#include "child.h"
#include "test.h"

#define AHEAD_SEC 1000000

static int64_t monotonic_of_child(void) {
        struct timespec ts;
        int64_t seconds = -1;
        int fds[2];
        pid_t pid;

        CHECK(pipe2(fds, O_CLOEXEC) >= 0);
        pid = fork();
        if (pid == 0) {
                CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) >= 0);
                seconds = ts.tv_sec;
                CHECK(write(fds[1], &seconds, sizeof(seconds)) == sizeof(seconds));
                _exit(0);
        }
        (void) fd_close(fds[1]);
        CHECK(read(fds[0], &seconds, sizeof(seconds)) == sizeof(seconds));
        (void) fd_close(fds[0]);
        CHECK(waitpid(pid, NULL, 0) == pid);
        return seconds;
}

/* Children are ahead until this process has returned. */
static void moves_clocks(void) {
        RuntimeSpec s = { .monotonic = { .set = true, .seconds = AHEAD_SEC } };
        int own_fds[_RUNTIME_NAMESPACE_MAX], own = -EBADF;
        struct timespec ts;

        CHECK(time_namespace_make(&s, &own, NULL) == 0 && own < 0);
        s.namespaces[RUNTIME_NAMESPACE_TIME].wanted = true;
        CHECK(time_namespace_make(&s, &own, NULL) == 1 && own >= 0);
        CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) >= 0);
        CHECK(monotonic_of_child() >= ts.tv_sec + AHEAD_SEC);

        for (size_t i = 0; i < ELEMENTSOF(own_fds); i++)
                own_fds[i] = -EBADF;
        own_fds[RUNTIME_NAMESPACE_TIME] = own;
        CHECK(namespace_return(own_fds) == 0 && own_fds[RUNTIME_NAMESPACE_TIME] < 0);
        CHECK(monotonic_of_child() < ts.tv_sec + AHEAD_SEC);
}

static void refuses(void) {
        RuntimeSpec s = { .boottime = { .set = true, .seconds = INT64_MIN / 2 } };
        Failure f = {};
        int own = -EBADF;

        s.namespaces[RUNTIME_NAMESPACE_TIME].wanted = true;
        CHECK(time_namespace_make(&s, &own, &f) < 0 && strstr(f.text, "timeOffsets"));
        failure_done(&f);
}

static void test_moves_clocks(void **state) {
        assert_int_equal(run_isolated(moves_clocks), 0);
}

static void test_refuses(void **state) {
        assert_int_equal(run_isolated(refuses), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_moves_clocks),
                cmocka_unit_test(test_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
