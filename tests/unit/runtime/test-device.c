/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "basic/fd.h"
#include "runtime/device.h"

#include "child.h"
#include "test.h"

static void defaults(void) {
        RuntimeIdMapping map = { 0, 1000, 10 };
        RuntimeSpec s = {
                .uid_mappings = &map, .n_uid_mappings = 1, .gid_mappings = &map, .n_gid_mappings = 1
        };
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        char target[16];

        CHECK(device_tree_mount(&s, NULL, &fd, &failure) >= 0);
        CHECK(fstat(fd, &st) >= 0 && st.st_uid == 1000 && (st.st_mode & 07777) == 0755);
        CHECK(fstatat(fd, "null", &st, 0) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
        CHECK(st.st_uid == 1000 && st.st_gid == 1000 && (st.st_mode & 0777) == 0666);
        CHECK(readlinkat(fd, "ptmx", target, sizeof(target)) == 8);
        CHECK(fstatat(fd, "pts", &st, 0) >= 0 && S_ISDIR(st.st_mode));
        CHECK(fstatat(fd, "console", &st, 0) < 0);
}

static void additional(void) {
        static char tun[] = "/dev/net/tun", null[] = "/dev/null", pipe[] = "/dev/pipe";
        RuntimeDevice devices[] = {
                { .path = tun,
                  .type = S_IFCHR,
                  .major = 10,
                  .minor = 200,
                  .mode = 0600,
                  .uid = 3,
                  .gid = 4 },
                { .path = null, .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0600 },
                { .path = pipe, .type = S_IFIFO, .mode = 0644 },
        };
        RuntimeSpec s = { .devices = devices,
                          .n_devices = ELEMENTSOF(devices),
                          .process = { .terminal = true } };
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        CHECK(device_tree_mount(&s, NULL, &fd, &failure) >= 0);
        CHECK(fstatat(fd, "net/tun", &st, 0) >= 0 && st.st_rdev == makedev(10, 200) && st.st_uid == 3 &&
              st.st_gid == 4);
        CHECK(fstatat(fd, "null", &st, 0) >= 0 && (st.st_mode & 0777) == 0600);
        CHECK(fstatat(fd, "pipe", &st, 0) >= 0 && S_ISFIFO(st.st_mode));
        CHECK(fstatat(fd, "console", &st, 0) >= 0 && S_ISREG(st.st_mode));
}

static void refused(void) {
        static char up[] = "/dev/../x", deep[] = "/dev/a/../../x";
        char *paths[] = { up, deep };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                RuntimeDevice device = { .path = paths[i], .type = S_IFCHR, .mode = 0666 };
                RuntimeSpec s = { .devices = &device, .n_devices = 1 };
                _cleanup_failure_ Failure failure = {};
                int fd = -EBADF;

                CHECK(device_tree_mount(&s, NULL, &fd, &failure) < 0);
                CHECK(failure.kind == FAILURE_INVALID_ARGUMENT);
        }
}

/* Elsewhere than in /dev, and in a /dev of the image: what is missing is made, what is there stays. */
static void completes(void) {
        static char far[] = "/far/away/node", there[] = "/there";
        RuntimeDevice devices[] = {
                { .path = far, .type = S_IFBLK, .major = 1, .minor = 5, .mode = 0640, .uid = 3, .gid = 4 },
                { .path = there, .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0666 },
        };
        RuntimeSpec s = { .devices = devices, .n_devices = ELEMENTSOF(devices) };
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_failure_ Failure failure = {};
        struct stat st;
        char target[16];

        (void) umask(0);
        CHECK(mkdir("there", 0755) >= 0 && mkdir("dev", 0755) >= 0 && mknod("dev/ptmx", S_IFREG, 0) >= 0);
        for (int i = 0; i < 2; i++)
                CHECK(device_complete_tree(&s, root, false, &failure) >= 0);
        CHECK(lstat("far/away/node", &st) >= 0 && S_ISBLK(st.st_mode) && (st.st_mode & 07777) == 0640);
        CHECK(st.st_uid == 3 && st.st_gid == 4 && st.st_rdev == makedev(1, 5));
        CHECK(lstat("there", &st) >= 0 && S_ISDIR(st.st_mode));
        CHECK(lstat("dev/null", &st) >= 0 && st.st_rdev == makedev(1, 3));
        CHECK(readlink("dev/ptmx", target, sizeof(target)) == 8);
}

/* CVE-2026-41579: the image's /dev leads elsewhere. */
static void dev_is_a_link(void) {
        RuntimeSpec s = {};
        _cleanup_close_ int root = -EBADF;
        _cleanup_failure_ Failure failure = {};

        CHECK(mkdir("root", 0755) >= 0 && mkdir("other", 0755) >= 0 && symlink("../other", "root/dev") >= 0);
        root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(device_complete_tree(&s, root, false, &failure) < 0);
        CHECK(rmdir("other") >= 0);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(defaults)
ISOLATED(additional)
ISOLATED(refused)
ISOLATED(completes)
ISOLATED(dev_is_a_link)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_additional),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_completes),
                cmocka_unit_test(test_dev_is_a_link),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
