/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/credential.h"

#include "test.h"

static void test_set(void **state) {
        _cleanup_(credential_done) Credential c = {};
        const char *hint;

        assert_int_equal(credential_parse_set("passwd.plain-text.root:a\\n\\x41\\101\\\\b:c", &c, &hint), 0);
        assert_string_equal(c.id, "passwd.plain-text.root");
        assert_string_equal(c.value, "a\nAA\\b:c");
        assert_int_equal(c.n_bytes, 8);
        credential_done(&c);
        assert_int_equal(credential_parse_set("x:a\\x00b", &c, &hint), 0);
        assert_int_equal(c.n_bytes, 3);
        assert_memory_equal(c.value, "a\0b", 3);
        credential_done(&c);
        assert_int_equal(credential_parse_set("x:", &c, &hint), 0);
        assert_int_equal(c.n_bytes, 0);
}

static void test_bad(void **state) {
        static const char *const set[] = { "",     "x",     ":v",     "..:v",    "a/b:v",   "a\tb:v",
                                           "x:\\", "x:\\q", "x:\\x4", "x:\\777", "x:\\xzz", "x:\\4" },
                                 *const load[] = {
                                         "", "x", "x:", "x:relative", ":/etc/passwd", "a/b:/etc/passwd"
                                 };
        const char *hint;

        for (size_t i = 0; i < ELEMENTSOF(set); i++) {
                Credential c = {};

                hint = NULL;
                assert_int_equal(credential_parse_set(set[i], &c, &hint), -EINVAL);
                assert_non_null(hint);
        }
        for (size_t i = 0; i < ELEMENTSOF(load); i++) {
                Credential c = {};

                hint = NULL;
                assert_int_equal(credential_parse_load(load[i], &c, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

static void test_load(void **state) {
        _cleanup_(credential_done) Credential c = {};
        const char *hint;

        assert_int_equal(credential_parse_load("key:/etc/with:colon", &c, &hint), 0);
        assert_string_equal(c.path, "/etc/with:colon");
        assert_null(c.value);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
