/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/mount.h"
#include "runtime/procfs.h"

#include "child.h"
#include "test.h"

static int new_proc(void) {
        _cleanup_failure_ Failure failure = {};
        int fd = -EBADF;

        CHECK(mount_new("proc", "proc", &(MountOptions) {}, &fd, &failure) >= 0);
        return fd;
}

static void writes(void) {
        _cleanup_close_ int fd = new_proc();
        char name[17] = {};

        CHECK(procfs_write(fd, "thread-self/comm", "renamed") >= 0);
        CHECK(prctl(PR_GET_NAME, name) >= 0 && strcmp(name, "renamed") == 0);
        CHECK(procfs_write(fd, "self/nothing", "x") == -ENOENT);
        CHECK(procfs_write(fd, "self/root/mnt/file", "x") == -ELOOP);
        CHECK(procfs_write(fd, "../etc/passwd", "x") == -EXDEV);
}

/* A file that only looks as if it were procfs. */
static void other_file_system(void) {
        _cleanup_close_ int fd = open(".", O_PATH | O_DIRECTORY), made = -EBADF;

        made = openat(fd, "comm", O_CREAT | O_WRONLY, 0644);
        CHECK(made >= 0);
        CHECK(procfs_write(fd, "comm", "x") == -EXDEV);
}

static void sysctls(void) {
        _cleanup_close_ int fd = new_proc();

        CHECK(unshare(CLONE_NEWUTS) >= 0);
        CHECK(procfs_write_sysctl(fd, "kernel.domainname", "example") >= 0);
        CHECK(procfs_write_sysctl(fd, "kernel/domainname", "example") >= 0);
        CHECK(procfs_write_sysctl(fd, "kernel.nothing", "1") == -ENOENT);
        CHECK(procfs_write_sysctl(fd, "net/ipv4/conf/a.b/forwarding", "1") == -ENOENT);
        CHECK(procfs_write_sysctl(fd, "", "1") == -EINVAL);
        CHECK(procfs_write_sysctl(fd, "..", "1") == -EINVAL);
        CHECK(procfs_write_sysctl(fd, "a/../b", "1") == -EINVAL);
        CHECK(procfs_write_sysctl(fd, "/kernel", "1") == -EINVAL);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(writes)
ISOLATED(other_file_system)
ISOLATED(sysctls)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_writes),
                cmocka_unit_test(test_other_file_system),
                cmocka_unit_test(test_sysctls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
