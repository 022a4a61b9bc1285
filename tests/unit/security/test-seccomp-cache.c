/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "security/seccomp-cache.h"
#include "test.h"

/* The text is a key and no more: what stands in it nobody asks here. */
static const SeccompSource source = { .json = "not even JSON", .n_bytes = 13 };

static void test_store_and_lookup(void **state) {
        static const struct sock_filter filter[] = { { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW } };
        char path[] = "/tmp/test-seccomp-cache-XXXXXX";
        _cleanup_close_ int dirfd = -EBADF, made = -EBADF, fd = -EBADF;
        _cleanup_free_ char *data = NULL;
        SeccompSource other;
        size_t n;

        assert_non_null(mkdtemp(path));
        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(seccomp_cache_lookup(dirfd, &source, &fd), -ENOENT);
        assert_int_equal(fd_new_sealed("filter", filter, sizeof(filter), &made), 0);
        assert_int_equal(seccomp_cache_store(dirfd, &source, made), 0);
        assert_int_equal(seccomp_cache_lookup(dirfd, &source, &fd), 0);
        assert_int_equal(fd_read_file(fd, 1 << 20, &data, &n), 0);
        assert_int_equal(n, sizeof(filter));
        assert_memory_equal(data, filter, n);

        /* Everything that the filter depends on makes another entry. */
        fd = fd_close(fd);
        other = source;
        other.n_bytes--;
        assert_int_equal(seccomp_cache_lookup(dirfd, &other, &fd), -ENOENT);
        other = source;
        other.capabilities = 1;
        assert_int_equal(seccomp_cache_lookup(dirfd, &other, &fd), -ENOENT);
        other = source;
        other.document = true;
        assert_int_equal(seccomp_cache_lookup(dirfd, &other, &fd), -ENOENT);
        assert_int_equal(fd, -EBADF);
        (void) path_remove_tree(AT_FDCWD, path, 100);
}

static void test_no_directory(void **state) {
        _cleanup_close_ int file = open("/dev/null", O_RDWR | O_CLOEXEC);
        int fd = -EBADF;

        assert_true(seccomp_cache_lookup(file, &source, &fd) < 0);
        assert_true(seccomp_cache_store(file, &source, file) < 0);
        assert_int_equal(fd, -EBADF);
}

static void test_library(void **state) {
        char file[SECCOMP_LIBRARY_FILE_MAX];

        seccomp_library_file(file);
        assert_non_null(startswith(file, "libseccomp.so.2."));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_store_and_lookup),
                cmocka_unit_test(test_no_directory),
                cmocka_unit_test(test_library),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
