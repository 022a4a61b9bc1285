/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/namespace.h"

#include "test.h"

static void test_flags(void **state) {
        static char path[] = "/proc/self/ns/ipc";
        RuntimeSpec s = {};

        assert_int_equal(namespace_clone_flags(&s), 0);
        s.namespaces[RUNTIME_NAMESPACE_PID].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_MOUNT].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_CGROUP].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_IPC] = (RuntimeNamespace) { .wanted = true, .path = path };
        assert_int_equal(namespace_clone_flags(&s), CLONE_NEWPID | CLONE_NEWNS);
        assert_true(namespace_is_new(&s, RUNTIME_NAMESPACE_CGROUP));
        assert_false(namespace_is_new(&s, RUNTIME_NAMESPACE_IPC));
        assert_false(namespace_is_new(&s, RUNTIME_NAMESPACE_UTS));
}

static void test_host_id(void **state) {
        const RuntimeIdMapping m[] = { { 0, 1000, 10 }, { 100, 5000, 2 } };

        assert_int_equal(namespace_host_id(m, 2, 0), 1000);
        assert_int_equal(namespace_host_id(m, 2, 9), 1009);
        assert_int_equal(namespace_host_id(m, 2, 101), 5001);
        assert_int_equal(namespace_host_id(m, 2, 10), UINT32_MAX);
        assert_int_equal(namespace_host_id(m, 2, 102), UINT32_MAX);
        assert_int_equal(namespace_host_id(NULL, 0, 42), 42);
}

static void test_join_refused(void **state) {
        static char user[] = "/proc/self/ns/user", file[] = "/etc/passwd",
                    absent[] = "/run/no/such/namespace";
        const struct {
                RuntimeNamespaceType type;
                char *path;
        } cases[] = {{RUNTIME_NAMESPACE_USER, user},
                     {RUNTIME_NAMESPACE_NETWORK, file},
                     {RUNTIME_NAMESPACE_IPC, absent}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                RuntimeSpec s = {};

                s.namespaces[cases[i].type] = (RuntimeNamespace) { .wanted = true, .path = cases[i].path };
                assert_true(namespace_join(&s, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_CONFIGURATION);
        }
}

static int join_own_uts(void) {
        static char path[] = "/proc/self/ns/uts";
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec s = {};

        s.namespaces[RUNTIME_NAMESPACE_UTS] = (RuntimeNamespace) { .wanted = true, .path = path };
        return namespace_join(&s, &failure) < 0;
}

static void test_join(void **state) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(join_own_uts());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_host_id),
                cmocka_unit_test(test_join_refused),
                cmocka_unit_test(test_join),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
