/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/xattr.h>

#include "basic/str.h"
#include "image/cursor.h"
#include "tmpdir.h"

#include "test.h"

static int move(Cursor *c, const char *path) {
        int fd = -EBADF, r = cursor_move(c, path, strlen(path), &fd, NULL);

        return r < 0 ? r : fd;
}

static void set_time(int dirfd, const char *name, time_t t) {
        const struct timespec times[2] = { { .tv_sec = t }, { .tv_sec = t, .tv_nsec = 5 } };

        assert_int_equal(utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void assert_time(int dirfd, const char *name, time_t t) {
        struct stat st;

        assert_int_equal(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mtim.tv_sec, t);
        assert_int_equal(st.st_mtim.tv_nsec, 5);
}

static void test_times_are_put_back(void **state) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        assert_int_equal(mkdirat(d.fd, "a", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "a/b", 0755), 0);
        set_time(d.fd, "a/b", 100);
        set_time(d.fd, "a", 200);
        set_time(d.fd, ".", 300);

        assert_int_equal(cursor_new(d.fd, &c), 0);
        tmpdir_write(move(c, "a/b"), "f", "x");
        tmpdir_write(move(c, "a"), "g", "x");
        tmpdir_write(move(c, "a/b"), "h", "x");
        tmpdir_write(move(c, ""), "i", "x");
        assert_time(d.fd, "a/b", 100);
        assert_time(d.fd, "a", 200);
        assert_int_equal(cursor_finish(c), 0);
        assert_time(d.fd, ".", 300);
}

static void test_prefixes_are_not_parents(void **state) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        assert_int_equal(cursor_new(d.fd, &c), 0);
        tmpdir_write(move(c, "ab/c"), "1", "x");
        tmpdir_write(move(c, "a"), "2", "x");
        tmpdir_write(move(c, "ab"), "3", "x");
        tmpdir_write(move(c, "ab/cd"), "4", "x");
        assert_int_equal(cursor_finish(c), 0);
        assert_true(tmpdir_exists(d.fd, "ab/c/1") && tmpdir_exists(d.fd, "a/2"));
        assert_true(tmpdir_exists(d.fd, "ab/3") && tmpdir_exists(d.fd, "ab/cd/4"));
}

static void test_links_stay_inside(void **state) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_failure_ Failure failure = {};
        _cleanup_tmpdir_ TmpDir d = tmpdir_new(), other = tmpdir_new();
        int fd;

        assert_int_equal(mkdirat(d.fd, "usr", 0755), 0);
        assert_int_equal(symlinkat("/usr", d.fd, "absolute"), 0);
        assert_int_equal(symlinkat("../../../usr", d.fd, "up"), 0);
        assert_int_equal(symlinkat(other.path, d.fd, "out"), 0);
        assert_int_equal(symlinkat("loop", d.fd, "loop"), 0);
        tmpdir_write(d.fd, "file", "x");

        assert_int_equal(cursor_new(d.fd, &c), 0);
        tmpdir_write(move(c, "absolute"), "1", "x");
        tmpdir_write(move(c, "up/new"), "2", "x");
        assert_true(tmpdir_exists(d.fd, "usr/1") && tmpdir_exists(d.fd, "usr/new/2"));
        assert_true(cursor_move(c, "out", 3, &fd, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_REGISTRY);
        assert_true(move(c, "loop") < 0);
        assert_true(move(c, "file") < 0);
        assert_true(move(c, "file/x") < 0);
}

static void test_overlay_marks(void **state) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        struct stat st;
        char value[8];

        if (geteuid() != 0)
                skip();
        assert_int_equal(whiteout_make(d.fd, "gone"), 0);
        assert_int_equal(whiteout_make(d.fd, "gone"), -EEXIST);
        assert_int_equal(fstatat(d.fd, "gone", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(whiteout_is(st.st_mode, st.st_rdev));

        assert_int_equal(cursor_new(d.fd, &c), 0);
        assert_int_equal(fgetxattr(move(c, "gone"), "trusted.overlay.opaque", value, sizeof(value)), 1);
        assert_int_equal(value[0], 'y');
        assert_true(fgetxattr(move(c, "new"), "trusted.overlay.opaque", value, sizeof(value)) < 0);
}

static void test_inheritance(void **state) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        assert_int_equal(mkdirat(d.fd, "plain", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "setgid", 0755), 0);
        assert_int_equal(fchmodat(d.fd, "setgid", 02755, 0), 0);
        assert_int_equal(cursor_new(d.fd, &c), 0);
        assert_true(move(c, "setgid") >= 0);
        assert_true(cursor_inherits(c));
        assert_true(move(c, "plain") >= 0);
        assert_false(cursor_inherits(c));
        cursor_expect_acl(c);
        assert_true(cursor_inherits(c)); /* it may have been told before */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_times_are_put_back), cmocka_unit_test(test_prefixes_are_not_parents),
                cmocka_unit_test(test_links_stay_inside),  cmocka_unit_test(test_overlay_marks),
                cmocka_unit_test(test_inheritance),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
