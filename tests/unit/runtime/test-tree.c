/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/mount.h"
#include "runtime/tree.h"

#include "child.h"
#include "test.h"

static void test_who_mounts(void **state) {
        static char dev[] = "/dev", sys[] = "/sys", tmpfs[] = "tmpfs", sysfs[] = "sysfs", source[] = "/x";
        RuntimeMount of_dev = { .destination = dev, .type = tmpfs },
                     of_sys = { .destination = sys, .type = sysfs };
        RuntimeMount bind = { .destination = dev, .source = source, .options = { .bind = true } };
        RuntimeSpec s = {};

        assert_true(payload_mount_is_dev(&of_dev));
        assert_false(payload_mount_is_dev(&bind));
        assert_false(payload_makes_mount(&s, &of_dev));
        assert_false(payload_makes_mount(&s, &bind));
        assert_false(payload_makes_mount(&s, &of_sys));
        s.namespaces[RUNTIME_NAMESPACE_NETWORK].wanted = true;
        assert_true(payload_makes_mount(&s, &of_sys));
        s.namespaces[RUNTIME_NAMESPACE_NETWORK].path = source;
        assert_false(payload_makes_mount(&s, &of_sys));
}

static int new_tmpfs(void) {
        _cleanup_failure_ Failure failure = {};
        int fd = -EBADF;

        CHECK(mount_new("tmpfs", "x", &(MountOptions) {}, &fd, &failure) >= 0);
        return fd;
}

/* From a detached tmpfs to a read-only / with a working directory and a mount in it. */
static void pivots(void) {
        static char destination[] = "/data", type[] = "tmpfs", cwd[] = "/job/here";
        RuntimeMount m = { .destination = destination, .type = type };
        RuntimeSpec s = { .mounts = &m, .n_mounts = 1, .root_readonly = true, .process = { .cwd = cwd } };
        int fds[] = { -EBADF };
        _cleanup_failure_ Failure failure = {};
        Payload p = {
                        .spec = &s,
                        .failure = &failure,
                        .mount_fds = fds,
                        .root_fd = new_tmpfs(),
                        .own_dev_fd = -EBADF,
                        .usr_fd = -EBADF,
                        .dev_fd = -EBADF,
                        .proc_fd = -EBADF,
                        .sys_fd = -EBADF,
                        .devpts_fd = -EBADF,
                        .cwd_fd = -EBADF,
        };

        CHECK(mkdirat(p.root_fd, "mark", 0755) >= 0);
        CHECK(tree_isolate(&p) >= 0 && tree_make_mounts(&p) >= 0 && tree_attach_root(&p) >= 0);
        CHECK(access("/etc/passwd", F_OK) >= 0);
        CHECK(tree_attach_mounts(&p) >= 0 && tree_hide_paths(&p) >= 0 && tree_open_cwd(&p) >= 0);
        CHECK(tree_set_read_only(&p) >= 0 && tree_pivot(&p) >= 0 && tree_mount_cgroup(&p) >= 0);
        CHECK(access("/mark", F_OK) >= 0 && access("/etc/passwd", F_OK) < 0);
        CHECK(mkdir("/new", 0755) < 0 && errno == EROFS && mkdir("/data/new", 0755) >= 0);
        CHECK(fchdir(p.cwd_fd) >= 0 && access("../../mark", F_OK) >= 0);
}

static void test_pivots(void **state) {
        assert_int_equal(run_isolated(pivots), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_mounts),
                cmocka_unit_test(test_pivots),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
