/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "basic/fd.h"
#include "runtime/mask.h"
#include "runtime/mount.h"

#include "child.h"
#include "test.h"

/* A root with proc on /proc and a dev with null. */
static MaskContext make_context(void) {
        _cleanup_failure_ Failure failure = {};
        MaskContext c = { .sys_fd = -EBADF, .null_fd = -EBADF, .empty_fd = -EBADF };

        CHECK(mkdir("proc", 0755) >= 0 && mkdir("dev", 0755) >= 0 && mkdir("secret", 0755) >= 0);
        CHECK(mkdir("secret/inside", 0755) >= 0 && mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)) >= 0);
        CHECK(mount_new("proc", "proc", &(MountOptions) {}, &c.proc_fd, &failure) >= 0);
        CHECK(move_mount(c.proc_fd, "", AT_FDCWD, "proc", MOVE_MOUNT_F_EMPTY_PATH) >= 0);
        c.root_fd = open(".", O_PATH | O_DIRECTORY);
        c.dev_fd = open("dev", O_PATH | O_DIRECTORY);
        return c;
}

static void masks(void) {
        MaskContext c = make_context();
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(mask_path(&c, "/proc/version", &failure) >= 0);
        CHECK(stat("proc/version", &st) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
        CHECK(mask_path(&c, "/secret", &failure) >= 0 && mask_path(&c, "/proc/sys/net", &failure) >= 0);
        CHECK(access("secret/inside", F_OK) < 0 && access("proc/sys/net/ipv4", F_OK) < 0);
        CHECK(mkdir("secret/x", 0755) < 0 && errno == EROFS);
        CHECK(mask_path(&c, "/proc/no/such/thing", &failure) >= 0 &&
              mask_path(&c, "/nothing", &failure) >= 0);
        mask_done(&c);
}

static void read_only(void) {
        MaskContext c = make_context();
        _cleanup_failure_ Failure failure = {};

        CHECK(mask_read_only(&c, "/proc/sys", &failure) >= 0 &&
              mask_read_only(&c, "/secret", &failure) >= 0);
        CHECK(open("proc/sys/kernel/domainname", O_WRONLY) < 0 && errno == EROFS);
        CHECK(open("proc/sys/kernel/domainname", O_RDONLY) >= 0);
        CHECK(mkdir("secret/x", 0755) < 0 && errno == EROFS);
        CHECK(mask_read_only(&c, "/nothing", &failure) >= 0);
        mask_done(&c);
}

static void swapped_null(void) {
        MaskContext c = make_context();
        _cleanup_failure_ Failure failure = {};

        c.null_fd = open("/dev/null", O_PATH | O_CLOEXEC);
        CHECK(unlink("dev/null") >= 0 && mask_path(&c, "/proc/version", &failure) >= 0);
        c.null_fd = fd_close(c.null_fd);
        CHECK(symlink("/proc/version", "dev/null") >= 0);
        CHECK(mask_path(&c, "/proc/kallsyms", &failure) < 0 && failure.kind == FAILURE_SECURITY);
        CHECK(unlink("dev/null") >= 0 && mknod("dev/null", S_IFCHR | 0666, makedev(1, 5)) >= 0);
        CHECK(mask_path(&c, "/proc/kallsyms", &failure) < 0 && failure.kind == FAILURE_SECURITY);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(masks)
ISOLATED(read_only)
ISOLATED(swapped_null)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_masks),
                cmocka_unit_test(test_read_only),
                cmocka_unit_test(test_swapped_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
