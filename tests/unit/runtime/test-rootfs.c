/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/rootfs.h"

#include "child.h"
#include "test.h"

static void put(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static bool has(int root, const char *path, const char *text) {
        _cleanup_close_ int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
        char buf[64] = {};

        return fd >= 0 && fd_read_full(fd, buf, sizeof(buf) - 1) >= 0 && streq(buf, text);
}

/* @n layers; each has a file of its own and one that all have. */
static RootfsSource make_source(size_t n) {
        _cleanup_strv_free_ char **layers = NULL;
        RootfsSource source = { .directory_fd = -EBADF };

        CHECK(mkdir("layers", 0755) >= 0 && mkdir("c", 0755) >= 0 && mkdir("c/upper", 0755) >= 0 &&
              mkdir("c/work", 0755) >= 0);
        for (size_t i = 0; i < n; i++) {
                char path[64], text[16];

                (void) snprintf(text, sizeof(text), "%zu", i);
                CHECK(strv_extend(&layers, text) >= 0);
                (void) snprintf(path, sizeof(path), "layers/%zu", i);
                CHECK(mkdir(path, 0755) >= 0);
                (void) snprintf(path, sizeof(path), "layers/%zu/tree", i);
                CHECK(mkdir(path, 0755) >= 0);
                (void) snprintf(path, sizeof(path), "layers/%zu/tree/own%zu", i, i);
                put(path, text);
                (void) snprintf(path, sizeof(path), "layers/%zu/tree/shared", i);
                put(path, text);
        }
        source.layers = TAKE_PTR(layers);
        source.layers_fd = open("layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        source.upper_fd = open("c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(source.layers_fd >= 0 && source.upper_fd >= 0);
        return source;
}

static void merge(size_t n, bool path_names) {
        RootfsSource source = make_source(n);
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int fd = -EBADF, usr = -EBADF, made = -EBADF;
        char text[16], path[32];
        struct stat st;

        CHECK(rootfs_mount(&source, -EBADF, 5, 6, path_names, &fd, &usr, &failure) >= 0);
        (void) snprintf(text, sizeof(text), "%zu", n - 1);
        (void) snprintf(path, sizeof(path), "own%zu", n - 1);
        CHECK(has(fd, "shared", text) && has(fd, path, text) && has(fd, "own0", "0"));
        CHECK(fstat(fd, &st) >= 0 && st.st_uid == 5 && st.st_gid == 6);
        made = openat(fd, "made", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        CHECK(made >= 0 && fstatat(source.upper_fd, "upper/made", &st, 0) >= 0);
        CHECK(open("/..", O_PATH | O_DIRECTORY) >= 0 && access("/etc", F_OK) >= 0);
        (void) strv_free((char **) source.layers);
}

static void by_fd(void) {
        merge(2, false);
}

static void by_name(void) {
        merge(2, true);
}

static void many_by_name(void) {
        merge(300, true);
}

static void absent(void) {
        RootfsSource source = make_source(1);
        char gone[] = "gone", out[] = "../c", *layers[] = { gone, NULL };
        _cleanup_failure_ Failure failure = {};
        int fd = -EBADF, usr = -EBADF;

        (void) strv_free((char **) source.layers);
        source.layers = layers;
        CHECK(rootfs_mount(&source, -EBADF, 0, 0, false, &fd, &usr, &failure) < 0);
        CHECK(failure.kind == FAILURE_STORAGE && strstr(failure.text, "gone"));
        layers[0] = out;
        CHECK(rootfs_mount(&source, -EBADF, 0, 0, false, &fd, &usr, &failure) < 0);
        CHECK(failure.kind == FAILURE_INVALID_ARGUMENT);
}

static void directory(void) {
        RootfsSource source = { .directory_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int fd = -EBADF, usr = -EBADF;

        put("file", "x");
        CHECK(rootfs_mount(&source, -EBADF, 0, 0, false, &fd, &usr, &failure) >= 0);
        CHECK(has(fd, "file", "x"));
}

/* A tree that stays as it is. */
static void over_tree(VolatileMode mode, bool path_names) {
        RootfsSource source = make_source(0);
        _cleanup_failure_ Failure failure = {};
        _cleanup_close_ int fd = -EBADF, usr = -EBADF, made = -EBADF;
        struct stat st;

        CHECK(mkdir("tree", 0755) >= 0 && mkdir("tree/usr", 0755) >= 0 && mkdir("tree/usr/bin", 0755) >= 0);
        put("tree/file", "x");
        put("tree/usr/bin/program", "p");
        source.directory_fd = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        source.overlay = mode != VOLATILE_OVERLAY;
        source.volatile_mode = mode;
        CHECK(rootfs_mount(&source, -EBADF, 5, 6, path_names, &fd, &usr, &failure) >= 0);
        CHECK(has(fd, "file", mode == VOLATILE_YES ? "" : "x") == (mode != VOLATILE_YES));
        CHECK(fstat(fd, &st) >= 0 && st.st_uid == 5 && st.st_gid == 6);
        made = openat(fd, "made", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        CHECK(made >= 0 && faccessat(source.directory_fd, "made", F_OK, 0) < 0);
        CHECK((faccessat(source.upper_fd, "upper/made", F_OK, 0) >= 0) == (mode == VOLATILE_NO));
        CHECK((usr >= 0) == (mode == VOLATILE_YES));
        if (mode == VOLATILE_YES) {
                char target[16] = {};

                CHECK(has(usr, "bin/program", "p"));
                CHECK(openat(usr, "made", O_CREAT | O_WRONLY, 0644) < 0 && errno == EROFS);
                CHECK(readlinkat(fd, "bin", target, sizeof(target) - 1) > 0 && streq(target, "usr/bin"));
                CHECK(faccessat(fd, "sbin", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
        }
}

static void overlay_by_fd(void) {
        over_tree(VOLATILE_NO, false);
}

static void overlay_by_name(void) {
        over_tree(VOLATILE_NO, true);
}

static void volatile_overlay_by_fd(void) {
        over_tree(VOLATILE_OVERLAY, false);
}

static void volatile_overlay_by_name(void) {
        over_tree(VOLATILE_OVERLAY, true);
}

static void volatile_yes_by_fd(void) {
        over_tree(VOLATILE_YES, false);
}

static void volatile_yes_by_name(void) {
        over_tree(VOLATILE_YES, true);
}

static void volatile_without_usr(void) {
        RootfsSource source = { .directory_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                .volatile_mode = VOLATILE_YES };
        _cleanup_failure_ Failure failure = {};
        int fd = -EBADF, usr = -EBADF;

        CHECK(rootfs_mount(&source, -EBADF, 0, 0, false, &fd, &usr, &failure) < 0);
        CHECK(symlink("/", "usr") >= 0);
        failure_done(&failure);
        CHECK(rootfs_mount(&source, -EBADF, 0, 0, false, &fd, &usr, &failure) < 0);
        CHECK(failure.kind == FAILURE_INVALID_ARGUMENT);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(by_fd)
ISOLATED(by_name)
ISOLATED(many_by_name)
ISOLATED(absent)
ISOLATED(directory)
ISOLATED(overlay_by_fd)
ISOLATED(overlay_by_name)
ISOLATED(volatile_overlay_by_fd)
ISOLATED(volatile_overlay_by_name)
ISOLATED(volatile_yes_by_fd)
ISOLATED(volatile_yes_by_name)
ISOLATED(volatile_without_usr)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_by_fd),
                cmocka_unit_test(test_by_name),
                cmocka_unit_test(test_many_by_name),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_directory),
                cmocka_unit_test(test_overlay_by_fd),
                cmocka_unit_test(test_overlay_by_name),
                cmocka_unit_test(test_volatile_overlay_by_fd),
                cmocka_unit_test(test_volatile_overlay_by_name),
                cmocka_unit_test(test_volatile_yes_by_fd),
                cmocka_unit_test(test_volatile_yes_by_name),
                cmocka_unit_test(test_volatile_without_usr),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
