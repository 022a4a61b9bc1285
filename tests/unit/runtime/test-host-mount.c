/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/host-mount.h"

#include "child.h"
#include "test.h"

static char destination[] = "/x", lower[] = "/mnt/lower", scratch[] = "overlay-1", source[] = "/mnt/src",
            *lowers[] = { lower, NULL };

/* An overlay's changes are gone when it is made again. */
static void scratched(void) {
        const RuntimeMount m = { .destination = destination, .lowers = lowers, .scratch = scratch };
        RootfsSource root = { .directory_fd = -EBADF, .layers_fd = -EBADF };
        const RuntimeSpec spec = {};
        const HostMountContext c = { .spec = &spec, .root = &root, .userns_fd = -EBADF };
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(mkdir("own", 0755) >= 0 && mkdir("lower", 0751) >= 0 && mkdir("lower/there", 0755) >= 0);
        root.upper_fd = open("own", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < 2; i++) {
                _cleanup_close_ int fd = -EBADF, source_fd = -EBADF;

                CHECK(host_mount_make(&c, &m, &source_fd, &fd, &f) >= 0 && source_fd < 0);
                CHECK(fstat(fd, &st) >= 0 && (st.st_mode & 07777) == 0751);
                CHECK(fstatat(fd, "there", &st, 0) >= 0 && mkdirat(fd, "new", 0755) >= 0);
                CHECK(fstatat(AT_FDCWD, "lower/new", &st, 0) < 0);
        }
}

static void given(void) {
        RuntimeMount m = {
                .destination = destination, .source = source, .chown = true, .options = { .bind = true }
        };
        const RuntimeSpec spec = { .process = { .uid = 11, .gid = 12 } };
        const RootfsSource root = { .directory_fd = -EBADF };
        const HostMountContext c = { .spec = &spec, .root = &root, .userns_fd = -EBADF };
        _cleanup_close_ int fd = -EBADF, source_fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(mkdir("src", 0755) >= 0 && mkdir("src/sub", 0755) >= 0);
        CHECK(host_mount_make(&c, &m, &source_fd, &fd, &f) >= 0 && source_fd >= 0);
        CHECK(host_mount_chown(&c, &m, source_fd, -EBADF, &f) >= 0);
        CHECK(stat("src/sub", &st) >= 0 && st.st_uid == 11 && st.st_gid == 12);
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(scratched)
ISOLATED(given)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scratched),
                cmocka_unit_test(test_given),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
