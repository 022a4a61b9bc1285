/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"

#include "test.h"

#define PATIENCE_USEC (10 * USEC_PER_SEC)

static char path[64], inner[96];

static int name_it(void **state) {
        (void) snprintf(path, sizeof(path), "/creel-test-tree-%d", getpid());
        (void) snprintf(inner, sizeof(inner), "%s/a/b", path);
        return 0;
}

static int remove_it(void **state) {
        return cgroup_remove(path, PATIENCE_USEC);
}

static pid_t start_in(int fd) {
        pid_t pid = fork();

        if (pid == 0) {
                (void) pause();
                _exit(1);
        }
        assert_int_equal(cgroup_attach(fd, pid), 0);
        return pid;
}

static void test_life(void **state) {
        _cleanup_close_ int fd = -EBADF, again = -EBADF;
        _cleanup_free_ pid_t *pids = NULL;
        int status;
        size_t n;
        bool made;
        pid_t pid;

        assert_int_equal(cgroup_make(inner, &fd, &made), 0);
        assert_true(made);
        assert_int_equal(cgroup_make(inner, &again, &made), 0);
        assert_false(made);
        assert_int_equal(cgroup_is_populated(fd), 0);
        pid = start_in(fd);
        assert_int_equal(cgroup_is_populated(fd), 1);
        assert_int_equal(cgroup_pids(fd, &pids, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(pids[0], pid);
        assert_int_equal(cgroup_freeze(fd, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_tree_is_frozen(fd), 1);
        assert_int_equal(cgroup_unfreeze(fd, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_tree_is_frozen(fd), 0);
        assert_int_equal(cgroup_signal(fd, SIGTERM), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* Nobody is killed for it. */
static void test_remove_unused(void **state) {
        _cleanup_close_ int fd = -EBADF, gone = -EBADF;
        bool made;
        pid_t pid;

        assert_int_equal(cgroup_make(inner, &fd, &made), 0);
        pid = start_in(fd);
        assert_int_equal(cgroup_remove_unused(path, 1), -EBUSY);
        assert_int_equal(kill(pid, 0), 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(cgroup_remove_unused(path, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_open(path, &gone), -ENOENT);
        assert_int_equal(cgroup_remove_unused(path, PATIENCE_USEC), 0);
}

static void test_remove(void **state) {
        _cleanup_close_ int fd = -EBADF, gone = -EBADF;
        bool made;
        pid_t pid;

        assert_int_equal(cgroup_make(inner, &fd, &made), 0);
        pid = start_in(fd);
        assert_int_equal(cgroup_freeze(fd, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_empty(path, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_is_populated(fd), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(cgroup_remove(path, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_empty(path, PATIENCE_USEC), 0);
        assert_int_equal(cgroup_open(path, &gone), -ENOENT);
        assert_int_equal(cgroup_remove(path, PATIENCE_USEC), 0);
}

static void test_refused(void **state) {
        int fd;
        bool made;

        assert_int_equal(cgroup_make("/a/../b", &fd, &made), -EINVAL);
        assert_int_equal(cgroup_remove("/", PATIENCE_USEC), -EINVAL);
        assert_int_equal(cgroup_remove("/a/..", PATIENCE_USEC), -EINVAL);
}

static void test_files(void **state) {
        _cleanup_close_ int fd = -EBADF;
        uint64_t n;
        bool made;

        assert_int_equal(cgroup_make(path, &fd, &made), 0);
        assert_int_equal(cgroup_write(fd, "cgroup.max.depth", "5"), 0);
        assert_int_equal(cgroup_read_number(fd, "cgroup.max.depth", &n), 0);
        assert_int_equal(n, 5);
        assert_int_equal(cgroup_read_number(fd, "cgroup.max.descendants", &n), 0);
        assert_true(n == UINT64_MAX);
        assert_int_equal(cgroup_read_keyed(fd, "cgroup.stat", "nr_descendants", &n), 0);
        assert_int_equal(n, 0);
        assert_int_equal(cgroup_read_keyed(fd, "cgroup.stat", "nr_desc", &n), -ENODATA);
        assert_int_equal(cgroup_delegate(fd, 12345, 12345), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_life, name_it, remove_it),
                cmocka_unit_test_setup_teardown(test_remove_unused, name_it, remove_it),
                cmocka_unit_test_setup_teardown(test_remove, name_it, remove_it),
                cmocka_unit_test_setup_teardown(test_files, name_it, remove_it),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
