/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "image/tree.h"
#include "tmpdir.h"

#include <dirent.h>

#include "test.h"

static unsigned count(int dirfd) {
        int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fdopendir(copy);
        struct dirent *de;
        unsigned n = 0;

        assert_non_null(dir);
        while ((de = readdir(dir)))
                n += !streq(de->d_name, ".") && !streq(de->d_name, "..");
        (void) closedir(dir);
        return n;
}

static void test_clear(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new(), other = tmpdir_new();
        char name[32];

        tmpdir_write(other.fd, "precious", "x");
        for (unsigned i = 0; i < 300; i++) {
                (void) snprintf(name, sizeof(name), "file%u", i);
                tmpdir_write(d.fd, name, "x");
        }
        assert_int_equal(mkdirat(d.fd, "a", 0), 0);
        assert_int_equal(mkdirat(d.fd, "a/b", 0755), 0);
        assert_int_equal(symlinkat(other.path, d.fd, "a/link"), 0);
        assert_int_equal(symlinkat("nowhere", d.fd, "a/b/dangling"), 0);
        assert_int_equal(mkfifoat(d.fd, "a/fifo", 0644), 0);

        assert_int_equal(tree_clear(d.fd), 0);
        assert_int_equal(count(d.fd), 0);
        assert_int_equal(count(other.fd), 1);
        assert_int_equal(tree_clear(d.fd), 0);
}

/* Deeper than there are fds, longer than any path, with side branches. */
static void test_deep(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int fd = openat(d.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < 3000; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "directory", 0755), 0);
                if (i % 50 == 0) {
                        assert_int_equal(mkdirat(fd, "side", 0755), 0);
                        tmpdir_write(fd, "side/file", "x");
                }
                next = openat(fd, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                (void) fd_close(fd);
                fd = next;
        }
        assert_int_equal(tree_clear(d.fd), 0);
        assert_int_equal(count(d.fd), 0);
}

static void test_remove(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        tmpdir_write(d.fd, "file", "x");
        assert_int_equal(mkdirat(d.fd, "empty", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "full", 0755), 0);
        tmpdir_write(d.fd, "full/file", "x");
        assert_int_equal(symlinkat("full", d.fd, "link"), 0);

        assert_int_equal(tree_remove(d.fd, "link"), 0);
        assert_int_equal(count(d.fd), 3);
        assert_int_equal(tree_remove(d.fd, "file"), 0);
        assert_int_equal(tree_remove(d.fd, "empty"), 0);
        assert_int_equal(tree_remove(d.fd, "full"), 0);
        assert_int_equal(tree_remove(d.fd, "not there"), 0);
        assert_int_equal(count(d.fd), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clear),
                cmocka_unit_test(test_deep),
                cmocka_unit_test(test_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
