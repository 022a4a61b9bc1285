/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "engine/engine.h"
#include "engine/migration.h"

#include "test.h"

static Engine engine_with(int fd) {
        Engine e = { .own_cgroup_fd = fd };

        assert_true(sd_event_new(&e.event) >= 0);
        return e;
}

static void wait_for_child(Engine *e) {
        while (e->migration_announced)
                assert_true(sd_event_run(e->event, UINT64_MAX) >= 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static void test_announce(void **state) {
        char text[8];
        Engine e;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        e = engine_with(fds[1]);
        migration_announce(&e);
        assert_true(e.migration_announced);
        migration_announce(&e); /* one at a time */
        assert_int_equal(read(fds[0], text, sizeof(text)), 1);
        assert_int_equal(text[0], '0');
        wait_for_child(&e);

        migration_announce(&e);
        wait_for_child(&e);
        assert_int_equal(read(fds[0], text, sizeof(text)), 1);
        (void) fd_close(fds[0]);
        (void) fd_close(fds[1]);
        (void) sd_event_unref(e.event);
}

/* What the child cannot write stays unsaid, and our errno is ours. */
static void test_failure_is_silent(void **state) {
        Engine e = engine_with(open("/dev/null", O_RDONLY | O_CLOEXEC));

        errno = EXDEV;
        migration_announce(&e);
        assert_int_equal(errno, EXDEV);
        wait_for_child(&e);
        (void) fd_close(e.own_cgroup_fd);
        (void) sd_event_unref(e.event);
}

static void test_nowhere(void **state) {
        Engine e = engine_with(-ENOENT);

        migration_announce(&e);
        assert_false(e.migration_announced);
        (void) sd_event_unref(e.event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_announce),
                cmocka_unit_test(test_failure_is_silent),
                cmocka_unit_test(test_nowhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
