/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "basic/fd.h"
#include "runtime/filter.h"
#include "security/seccomp-filter.h"

#include "child.h"
#include "test.h"

/* getppid() gives EPERM, everything else passes. */
static const struct sock_filter no_getppid[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void install(void) {
        _cleanup_close_ int fd = -EBADF;
        struct sock_fprog filter = {};

        CHECK(fd_new_sealed("filter", no_getppid, sizeof(no_getppid), &fd) >= 0);
        CHECK(filter_read(fd, &filter) >= 0 && filter.len == ELEMENTSOF(no_getppid));
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0 && filter_install(&filter) >= 0);
        CHECK(syscall(SYS_getppid) < 0 && errno == EPERM);
        free(filter.filter);
}

/* The same with flags in front. */
static void install_with_flags(void) {
        const struct sock_filter flags = { .code = SECCOMP_FLAGS_CODE, .k = SECCOMP_FILTER_FLAG_LOG };
        char bytes[sizeof(flags) + sizeof(no_getppid)];
        _cleanup_close_ int fd = -EBADF;
        struct sock_fprog filter = {};

        memcpy(bytes, &flags, sizeof(flags));
        memcpy(bytes + sizeof(flags), no_getppid, sizeof(no_getppid));
        CHECK(fd_new_sealed("filter", bytes, sizeof(bytes), &fd) >= 0);
        CHECK(filter_read(fd, &filter) >= 0);
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0 && filter_install(&filter) >= 0);
        CHECK(syscall(SYS_getppid) < 0 && errno == EPERM);
        free(filter.filter);
}

static void test_install(void **state) {
        assert_int_equal(run_isolated(install), 0);
        assert_int_equal(run_isolated(install_with_flags), 0);
}

static void test_damaged(void **state) {
        static const char *const cases[] = { "", "1234567", "123456789" };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_close_ int fd = -EBADF;
                struct sock_fprog filter = {};

                assert_int_equal(fd_new_sealed("filter", cases[i], strlen(cases[i]), &fd), 0);
                assert_int_equal(filter_read(fd, &filter), -EBADMSG);
                assert_null(filter.filter);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_install),
                cmocka_unit_test(test_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
