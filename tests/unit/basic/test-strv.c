/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

#include "test.h"

static void test_extend(void **state) {
        _cleanup_strv_free_ char **l = NULL, **copy = NULL;
        char text[16];

        assert_int_equal(strv_length(NULL), 0);
        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(text, sizeof(text), "%u", i);
                assert_int_equal(strv_extend(&l, text), 0);
                assert_int_equal(strv_length(l), i + 1);
        }
        assert_string_equal(l[999], "999");
        assert_int_equal(strv_copy(l, &copy), 0);
        assert_true(strv_equal(l, copy));
        assert_int_equal(strv_consume(&copy, NULL), -ENOMEM);
        assert_int_equal(strv_length(copy), 1000);

        /* a shrunken vector grows again within its room */
        free(l[1]);
        l[1] = NULL;
        for (unsigned i = 2; i < 1000; i++)
                free(l[i]);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(strv_extend(&l, "x"), 0);
        assert_int_equal(strv_length(l), 101);
}

static void test_queries(void **state) {
        char *const a[] = { (char *) "a", (char *) "b", NULL }, *const b[] = { (char *) "a", NULL };

        assert_true(strv_contains(a, "b"));
        assert_false(strv_contains(b, "b"));
        assert_false(strv_contains(NULL, "b"));
        assert_false(strv_equal(a, b));
        assert_true(strv_equal(NULL, b + 1));
}

static void test_split_and_join(void **state) {
        _cleanup_strv_free_ char **l = NULL, **none = NULL;
        _cleanup_free_ char *joined = NULL, *empty = NULL;

        assert_int_equal(strv_split("::a,b::c,", ":,", &l), 0);
        assert_int_equal(strv_length(l), 3);
        assert_int_equal(strv_join(l, ", ", &joined), 0);
        assert_string_equal(joined, "a, b, c");
        assert_int_equal(strv_split(",,", ",", &none), 0);
        assert_null(none);
        assert_int_equal(strv_join(NULL, ",", &empty), 0);
        assert_string_equal(empty, "");
}

static void test_environment(void **state) {
        _cleanup_strv_free_ char **env = NULL;

        assert_int_equal(strv_env_set(&env, "A=1"), 0);
        assert_int_equal(strv_env_set(&env, "AB=2"), 0);
        assert_int_equal(strv_env_set(&env, "A=3=4"), 0);
        assert_int_equal(strv_length(env), 2);
        assert_string_equal(strv_env_get(env, "A"), "3=4");
        assert_string_equal(strv_env_get(env, "AB"), "2");
        assert_null(strv_env_get(env, "B"));
        assert_null(strv_env_get(NULL, "A"));
        assert_int_equal(strv_env_set(&env, "A="), 0);
        assert_string_equal(strv_env_get(env, "A"), "");
        assert_int_equal(strv_env_set(&env, "novalue"), -EINVAL);
        assert_int_equal(strv_env_set(&env, "=x"), -EINVAL);
        assert_int_equal(strv_length(env), 2);
        strv_env_unset(env, "A");
        strv_env_unset(env, "none");
        strv_env_unset(NULL, "A");
        assert_int_equal(strv_length(env), 1);
        assert_string_equal(strv_env_get(env, "AB"), "2");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_extend),
                cmocka_unit_test(test_queries),
                cmocka_unit_test(test_split_and_join),
                cmocka_unit_test(test_environment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
