/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"

#include "test.h"

/* Without this the sanitizer ends the program where malloc(3) would say no. */
__attribute__((__visibility__("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) {
        return "allocator_may_return_null=1";
}

static void test_grow(void **state) {
        _cleanup_free_ unsigned *l = NULL;
        size_t allocated = 0, growths = 0;
        unsigned *before;

        for (unsigned i = 0; i < 10000; i++) {
                size_t room = allocated;

                assert_true(GREEDY_REALLOC(l, allocated, i + 1));
                assert_true(allocated >= i + 1);
                growths += room != allocated;
                l[i] = i;
        }
        assert_true(growths < 20); /* amortised */
        for (unsigned i = 0; i < 10000; i++)
                assert_int_equal(l[i], i);

        before = l;
        assert_true(GREEDY_REALLOC(l, allocated, 10));
        assert_ptr_equal(l, before);
}

static void test_grow_overflow(void **state) {
        _cleanup_free_ uint64_t *l = new0(uint64_t, 1);
        uint64_t *before = l;
        size_t allocated = 1;

        assert_int_equal(memory_grow(&l, &allocated, SIZE_MAX / 4, sizeof(uint64_t)), -ENOMEM);
        assert_ptr_equal(l, before);
        assert_int_equal(allocated, 1);
}

static void test_take(void **state) {
        char *p = strdup("x"), *q = TAKE_PTR(p);
        int fd = 7;

        assert_null(p);
        assert_string_equal(q, "x");
        assert_null(mfree(q));
        assert_int_equal(TAKE_FD(fd), 7);
        assert_int_equal(fd, -EBADF);
}

static void test_negative_errno(void **state) {
        errno = ENOENT;
        assert_int_equal(negative_errno(), -ENOENT);
        errno = 0;
        assert_int_equal(negative_errno(), -EIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_grow),
                cmocka_unit_test(test_grow_overflow),
                cmocka_unit_test(test_take),
                cmocka_unit_test(test_negative_errno),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
