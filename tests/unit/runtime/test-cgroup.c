/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/cgroup.h"

#include "test.h"

static char name[64];

static int make_scope(void **state) {
        static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        struct statfs sfs;
        char path[128];

        for (size_t i = 0; i < ELEMENTSOF(roots); i++)
                if (statfs(roots[i], &sfs) >= 0 && sfs.f_type == CGROUP2_SUPER_MAGIC) {
                        int fd;

                        (void) snprintf(name, sizeof(name), "/creel-test-cgroup-%d", getpid());
                        (void) snprintf(path, sizeof(path), "%s%s", roots[i], name);
                        assert_true(mkdir(path, 0755) >= 0);
                        fd = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                        assert_true(fd >= 0);
                        *state = (void *) (intptr_t) fd;
                        return 0;
                }
        return -1;
}

static int remove_scope(void **state) {
        _cleanup_close_ int root = (int) (intptr_t) *state,
                            fd = openat(root, name + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void) unlinkat(fd, "supervisor", AT_REMOVEDIR);
        (void) unlinkat(fd, "payload", AT_REMOVEDIR);
        return unlinkat(root, name + 1, AT_REMOVEDIR);
}

static void test_life(void **state) {
        _cleanup_close_ int scope = -EBADF, payload = -EBADF, supervisor = -EBADF;
        _cleanup_failure_ Failure failure = {};
        struct stat st;
        pid_t pid, splitter;
        int status;

        assert_int_equal(cgroup_open(name, &scope), 0);
        /* As a payload that was born in the scope. */
        pid = fork();
        if (pid == 0)
                for (;;)
                        (void) pause();
        assert_int_equal(cgroup_attach(scope, pid), 0);
        /* A child, so that this process stays where it is. */
        splitter = fork();
        if (splitter == 0)
                _exit(cgroup_split(scope, pid, 1000, 1001, &payload, &failure) < 0);
        assert_int_equal(waitpid(splitter, &status, 0), splitter);
        assert_int_equal(status, 0);

        payload = openat(scope, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        supervisor = openat(scope, "supervisor", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(payload >= 0 && supervisor >= 0);
        assert_int_equal(fstatat(payload, "cgroup.procs", &st, 0), 0);
        assert_int_equal(st.st_uid, 1000);
        assert_int_equal(st.st_gid, 1001);
        assert_int_equal(fstatat(payload, "cgroup.kill", &st, 0), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(fstatat(supervisor, "cgroup.procs", &st, 0), 0);
        assert_int_equal(st.st_uid, 0);

        assert_int_equal(cgroup_wait_empty(payload, 1000), -ETIMEDOUT);
        assert_int_equal(cgroup_remove_payload(scope), -EBUSY);
        assert_int_equal(cgroup_kill(payload), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(cgroup_wait_empty(payload, 5000000), 0);
        assert_false(cgroup_was_oom_killed(payload));
        assert_int_equal(cgroup_remove_payload(scope), 0);
        assert_true(cgroup_attach(payload, 0) < 0);
}

static void test_absent(void **state) {
        int fd = -EBADF;

        assert_int_equal(cgroup_open("/no/such/cgroup", &fd), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_life, make_scope, remove_scope),
                cmocka_unit_test(test_absent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
