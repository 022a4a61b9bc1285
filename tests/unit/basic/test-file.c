/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "tmpdir.h"

#include <dirent.h>

#include "test.h"

static unsigned count_entries(int dirfd) {
        DIR *dir = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct dirent *de;
        unsigned n = 0;

        assert_non_null(dir);
        while ((de = readdir(dir)))
                n += !streq(de->d_name, ".") && !streq(de->d_name, "..");
        (void) closedir(dir);
        return n;
}

static void test_write_and_replace(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int old = -EBADF;
        char buf[8];
        struct stat st;

        (void) umask(0077); /* must not matter */
        assert_int_equal(file_write_atomic(d.fd, "f", "first", 5, 0644, FILE_SYNC), 0);
        (void) umask(0022);
        assert_int_equal(fstatat(d.fd, "f", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0644);

        /* who has the old one open keeps it whole */
        old = openat(d.fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(file_write_atomic(d.fd, "f", "second one", 10, 0600, 0), 0);
        assert_int_equal(fd_read_full(old, buf, sizeof(buf)), 5);
        assert_memory_equal(buf, "first", 5);
        assert_int_equal(file_read(d.fd, "f", 100, &text, NULL), 0);
        assert_string_equal(text, "second one");
        assert_int_equal(fstatat(d.fd, "f", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(count_entries(d.fd), 1);
}

static void test_exclusive(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;

        assert_int_equal(file_write_atomic(d.fd, "f", "mine", 4, 0600, FILE_EXCLUSIVE), 0);
        assert_int_equal(file_write_atomic(d.fd, "f", "yours", 5, 0600, FILE_EXCLUSIVE | FILE_SYNC),
                         -EEXIST);
        assert_int_equal(file_read(d.fd, "f", 100, &text, NULL), 0);
        assert_string_equal(text, "mine");
        assert_int_equal(count_entries(d.fd), 1);

        /* a dangling link counts as there, and is not written through */
        assert_int_equal(symlinkat("elsewhere", d.fd, "link"), 0);
        assert_int_equal(file_write_atomic(d.fd, "link", "x", 1, 0600, FILE_EXCLUSIVE), -EEXIST);
        assert_false(tmpdir_exists(d.fd, "elsewhere"));
}

static void test_links_are_replaced_not_followed(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;

        tmpdir_write(d.fd, "victim", "untouched");
        assert_int_equal(symlinkat("victim", d.fd, "f"), 0);
        assert_int_equal(file_read(d.fd, "f", 100, &text, NULL), -ELOOP);
        assert_int_equal(file_write_atomic(d.fd, "f", "new", 3, 0600, 0), 0);
        assert_int_equal(file_read(d.fd, "victim", 100, &text, NULL), 0);
        assert_string_equal(text, "untouched");
}

static void test_failure_leaves_nothing(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        assert_int_equal(mkdirat(d.fd, "f", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "f/full", 0755), 0);
        assert_true(file_write_atomic(d.fd, "f", "x", 1, 0600, 0) < 0);
        assert_int_equal(count_entries(d.fd), 1);
        assert_int_equal(file_write_atomic(d.fd, "no/such", "x", 1, 0600, 0), -ENOENT);
        assert_int_equal(count_entries(d.fd), 1);
}

static void test_read_refuses(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_int_equal(file_read(d.fd, "absent", 100, &text, &size), -ENOENT);
        assert_int_equal(mkfifoat(d.fd, "fifo", 0600), 0);
        assert_int_equal(file_read(d.fd, "fifo", 100, &text, &size),
                         -EBADF); /* and does not wait for a writer */
        tmpdir_write(d.fd, "f", "12345");
        assert_int_equal(file_read(d.fd, "f", 4, &text, &size), -EFBIG);
        assert_int_equal(file_read(d.fd, "f", 5, &text, &size), 0);
        assert_int_equal(size, 5);
}

static void test_virtual(void **state) {
        static const char both[] = "12:cpu:/old\n0::/a.slice/b.scope/payload\n", old[] = "1:name=x:/old\n";
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL, *cgroup = NULL;

        assert_int_equal(file_read_virtual(AT_FDCWD, "/proc/self/status", &text), 0);
        assert_non_null(startswith(text, "Name:"));
        assert_int_equal(file_read_virtual(d.fd, "none", &cgroup), -ENOENT);
        assert_int_equal(file_write_atomic(d.fd, "both", both, strlen(both), 0644, 0), 0);
        assert_int_equal(file_write_atomic(d.fd, "old", old, strlen(old), 0644, 0), 0);
        assert_int_equal(file_read_cgroup(d.fd, "old", &cgroup), -ENXIO);
        assert_null(cgroup);
        assert_int_equal(file_read_cgroup(d.fd, "both", &cgroup), 0);
        assert_string_equal(cgroup, "/a.slice/b.scope/payload");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_write_and_replace),
                cmocka_unit_test(test_exclusive),
                cmocka_unit_test(test_links_are_replaced_not_followed),
                cmocka_unit_test(test_failure_leaves_nothing),
                cmocka_unit_test(test_read_refuses),
                cmocka_unit_test(test_virtual),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
