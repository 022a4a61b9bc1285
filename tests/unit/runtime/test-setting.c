/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "runtime/setting.h"

#include "child.h"
#include "test.h"

static char domain[] = "kernel.domainname=inside", forward[] = "net.ipv4.ip_forward=1";

static void check_file(const char *path, const char *wanted) {
        char text[64] = {};
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
        CHECK(strncmp(text, wanted, strlen(wanted)) == 0);
        (void) fd_close(fd);
}

/* Without a user namespace everything is done inside. */
static void inside(void) {
        static char *settings[] = { domain, forward, NULL };
        RuntimeSpec s = { .sysctl = settings };
        int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        CHECK(unshare(CLONE_NEWUTS | CLONE_NEWNET) >= 0);
        CHECK(setting_write_outside(&s, getpid(), NULL) == 0);
        CHECK(setting_write_inside(&s, &proc_fd, NULL) == 0);
        check_file("/proc/sys/kernel/domainname", "inside");
        check_file("/proc/sys/net/ipv4/ip_forward", "1");
}

/* With one, what is not of the network is done by who waits outside. */
static void outside(void) {
        static char *settings[] = { domain, forward, NULL };
        RuntimeIdMapping map = { 0, 1000, 1 };
        RuntimeSpec s = { .sysctl = settings, .uid_mappings = &map, .n_uid_mappings = 1 };

        s.namespaces[RUNTIME_NAMESPACE_USER].wanted = true;
        CHECK(unshare(CLONE_NEWUTS | CLONE_NEWNET) >= 0);
        CHECK(setting_write_outside(&s, getpid(), NULL) == 0);
        check_file("/proc/sys/kernel/domainname", "inside");
        CHECK(geteuid() == 0);
}

static void test_inside(void **state) {
        assert_int_equal(run_isolated(inside), 0);
}

static void test_outside(void **state) {
        assert_int_equal(run_isolated(outside), 0);
}

static void test_refused(void **state) {
        static char bad[] = "net.no.such.thing=1";
        static char *settings[] = { bad, NULL };
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        RuntimeSpec s = { .sysctl = settings };

        assert_true(setting_write_inside(&s, &proc_fd, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(failure.text, "net.no.such.thing"));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_inside), cmocka_unit_test(test_outside),
                                            cmocka_unit_test(test_refused) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
