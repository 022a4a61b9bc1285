/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/lock-file.h"

#include "test.h"

static void test_lock(void **state) {
        char directory[] = "/tmp/test-lock-XXXXXX";
        _cleanup_close_ int dir = -EBADF;
        int a = -EBADF, b = -EBADF, c = -EBADF;

        assert_non_null(mkdtemp(directory));
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(dir >= 0);

        assert_int_equal(lock_file_take(dir, "x", true, &a), 0);
        assert_int_equal(lock_file_take(dir, "x", true, &b), -EBUSY);
        assert_int_equal(lock_file_take(dir, "x", false, &b), -EBUSY);
        assert_int_equal(b, -EBADF);
        lock_file_release(&a);
        assert_int_equal(a, -EBADF);
        assert_true(faccessat(dir, "x", F_OK, 0) < 0);

        assert_int_equal(lock_file_take(dir, "x", false, &a), 0);
        assert_int_equal(lock_file_take(dir, "x", false, &b), 0);
        assert_int_equal(lock_file_take(dir, "x", true, &c), -EBUSY);
        /* the last one puts the light out */
        lock_file_release(&a);
        assert_true(faccessat(dir, "x", F_OK, 0) >= 0);
        lock_file_release(&b);
        assert_true(faccessat(dir, "x", F_OK, 0) < 0);
        lock_file_release(&b);

        assert_int_equal(symlinkat("elsewhere", dir, "l"), 0);
        assert_int_equal(lock_file_take(dir, "l", true, &a), -ELOOP);
        assert_int_equal(unlinkat(dir, "l", 0), 0);
        assert_int_equal(rmdir(directory), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lock) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
