/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-split.h"

#include "test.h"

static void test_paths(void **state) {
        _cleanup_strv_free_ char **l = NULL, **again = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(mount_split_paths("a\\:b:\\\\c::d\\e", &l), 0);
        assert_int_equal(strv_length(l), 4);
        assert_string_equal(l[0], "a:b");
        assert_string_equal(l[1], "\\c");
        assert_string_equal(l[2], "");
        assert_string_equal(l[3], "d\\e");
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(mount_join_path(&text, l[i], i > 0), 0);
        assert_int_equal(mount_split_paths(text, &again), 0);
        assert_true(strv_equal(l, again));
}

static void test_fields(void **state) {
        _cleanup_strv_free_ char **l = NULL, **again = NULL, **bad = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(mount_split_fields("a=b,\"c=d,\"\"e\",,f\"g", &l), 0);
        assert_int_equal(strv_length(l), 4);
        assert_string_equal(l[1], "c=d,\"e");
        assert_string_equal(l[2], "");
        assert_string_equal(l[3], "f\"g");
        STRV_FOREACH(i, l)
                assert_int_equal(mount_join_field(&text, *i, NULL), 0);
        assert_int_equal(mount_split_fields(text, &again), 0);
        assert_true(strv_equal(l, again));
        assert_int_equal(mount_split_fields("\"a", &bad), -EINVAL);
        assert_int_equal(mount_split_fields("\"a\"b", &bad), -EINVAL);
        assert_int_equal(mount_split_fields("\"", &bad), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_fields),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
