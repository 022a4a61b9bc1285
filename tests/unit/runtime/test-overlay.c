/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/overlay.h"

#include "child.h"
#include "test.h"

static void push(OverlayStack *s, const char *path) {
        char file[64];
        int fd;

        CHECK(chdir("/mnt") >= 0 && mkdir(path, 0755) >= 0);
        (void) snprintf(file, sizeof(file), "%s/of-%s", path, path);
        CHECK(mkdir(file, 0755) >= 0);
        (void) snprintf(file, sizeof(file), "%s/out", path);
        CHECK(symlink("/../..", file) >= 0);
        fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        CHECK(fd >= 0 && overlay_stack_push(s, fd) >= 0);
}

static void merge(bool path_names) {
        _cleanup_(overlay_stack_done) OverlayStack s = {}, t = {};
        _cleanup_close_ int fd = -EBADF, part = -EBADF, before = -EBADF,
                            old = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_failure_ Failure f = {};
        struct stat st;

        push(&s, "a");
        push(&s, "b");
        CHECK(overlay_mount(&s, NULL, NULL, path_names, &fd, &f) >= 0);
        CHECK(fstatat(fd, "of-a", &st, 0) >= 0 && fstatat(fd, "of-b", &st, 0) >= 0);
        CHECK(mkdirat(fd, "new", 0755) < 0 && errno == EROFS);
        /* what was opened before can still be mounted */
        before = open_tree(old, "a", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        CHECK(before >= 0);
        push(&t, "c");
        CHECK(overlay_stack_push_empty(&t, &f) >= 0);
        CHECK(overlay_mount(&t, NULL, "of-c", path_names, &part, &f) >= 0);
        CHECK(fstatat(part, "of-c", &st, 0) < 0);
}

static void by_fd(void) {
        merge(false);
}

static void by_name(void) {
        merge(true);
}

static void with_upper(bool path_names) {
        _cleanup_(overlay_stack_done) OverlayStack s = {};
        OverlayUpper upper = { .parent_fd = -EBADF, .upper = "/mnt/u:p,per", .work = "/mnt/work" };
        _cleanup_close_ int fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        push(&s, "a");
        CHECK(mkdir("u:p,per", 0755) >= 0 && mkdir("work", 0755) >= 0);
        upper.upper_fd = open("u:p,per", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        upper.work_fd = open("work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(overlay_mount(&s, &upper, NULL, path_names, &fd, &f) >= 0);
        CHECK(mkdirat(fd, "new", 0755) >= 0 && fstatat(upper.upper_fd, "new", &st, 0) >= 0);
}

static void upper_by_fd(void) {
        with_upper(false);
}

static void upper_by_name(void) {
        with_upper(true);
}

static void missing_layer(void) {
        char name[] = "nosuch", dots[] = "..", *layers[] = { name, NULL }, *bad[] = { dots, NULL };
        _cleanup_(overlay_stack_done) OverlayStack s = {};
        _cleanup_failure_ Failure f = {};

        CHECK(overlay_stack_push_layers(&s, AT_FDCWD, layers, -EBADF, &f) < 0 && f.kind == FAILURE_STORAGE);
        failure_done(&f);
        CHECK(overlay_stack_push_layers(&s, AT_FDCWD, bad, -EBADF, &f) < 0 &&
              f.kind == FAILURE_INVALID_ARGUMENT);
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(by_fd)
ISOLATED(by_name)
ISOLATED(upper_by_fd)
ISOLATED(upper_by_name)
ISOLATED(missing_layer)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_by_fd),         cmocka_unit_test(test_by_name),
                cmocka_unit_test(test_upper_by_fd),   cmocka_unit_test(test_upper_by_name),
                cmocka_unit_test(test_missing_layer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
