/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "basic/str.h"
#include "runtime/fill.h"

#include "test.h"
#include "tmpdir.h"

static void test_copy(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        char target[16] = "";
        struct stat st;

        assert_int_equal(mkdirat(d.fd, "from", 0751), 0);
        assert_int_equal(mkdirat(d.fd, "to", 0700), 0);
        from = openat(d.fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to = openat(d.fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(fill_is_empty(from), 1);
        assert_int_equal(mkdirat(from, "sub", 0711), 0);
        tmpdir_write(from, "sub/file", "text");
        assert_int_equal(fchmodat(from, "sub/file", 04755, 0), 0);
        assert_int_equal(symlinkat("/etc/passwd", from, "sub/link"), 0);
        assert_int_equal(mkfifoat(from, "fifo", 0600), 0);
        assert_int_equal(fill_is_empty(from), 0);

        assert_int_equal(fill_copy(from, to, true), 0);
        assert_int_equal(fstat(to, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0751);
        assert_int_equal(fstatat(to, "sub/file", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 04755);
        assert_int_equal(st.st_size, 4);
        assert_int_equal(fstatat(to, "sub", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0711);
        assert_true(readlinkat(to, "sub/link", target, sizeof(target)) > 0);
        assert_memory_equal(target, "/etc/passwd", 11);
        assert_int_equal(fstatat(to, "fifo", &st, 0), 0);
        assert_true(S_ISFIFO(st.st_mode));
}

/* A link that somebody puts in the way is not followed. */
static void test_links_in_the_way(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int from = -EBADF, to = -EBADF;

        assert_int_equal(mkdirat(d.fd, "from", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "to", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "victim", 0755), 0);
        from = openat(d.fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to = openat(d.fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tmpdir_write(from, "file", "text");
        assert_int_equal(symlinkat("../victim/file", to, "file"), 0);
        assert_true(fill_copy(from, to, false) < 0);
        assert_false(tmpdir_exists(d.fd, "victim/file"));
}

static void test_chown(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        struct stat st;

        tmpdir_write(d.fd, "file", "text");
        assert_int_equal(mkdirat(d.fd, "sub", 0755), 0);
        assert_int_equal(symlinkat("/etc/passwd", d.fd, "sub/link"), 0);
        assert_int_equal(fill_chown(d.fd, 12345, 54321), 0);
        assert_int_equal(fstatat(d.fd, "sub/link", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_uid, 12345);
        assert_int_equal(st.st_gid, 54321);
        assert_int_equal(fstatat(d.fd, "file", &st, 0), 0);
        assert_int_equal(st.st_uid, 12345);
        assert_int_equal(stat("/etc/passwd", &st), 0);
        assert_int_equal(st.st_uid, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy),
                cmocka_unit_test(test_links_in_the_way),
                cmocka_unit_test(test_chown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
