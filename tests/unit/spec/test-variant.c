/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/variant.h"
#include "basic/str.h"

#include "test.h"

static void check_signature(const char *text, const char *signature) {
        Variant v = {};

        assert_int_equal(variant_parse(text, &v), 0);
        assert_string_equal(v.signature, signature);
        variant_done(&v);
}

static void test_signatures(void **state) {
        check_signature("true", "b");
        check_signature("5", "i");
        check_signature(" uint64 5 ", "t");
        check_signature("1.5", "d");
        check_signature("'a'", "s");
        check_signature("\"it's\"", "s");
        check_signature("objectpath '/a'", "o");
        check_signature("['a', 'b']", "as");
        check_signature("[uint32 1, 2]", "au");
        check_signature("@as []", "as");
        check_signature("@ay [1,255]", "ay");
        check_signature("[('/dev/sda', uint64 5), ('/dev/sdb', 6)]", "a(st)");
        check_signature("[['a'], ['b', 'c']]", "aas");
        check_signature("(1, ['a', 'b'], 'c')", "(iass)");
}

static void test_values(void **state) {
        Variant v = {};

        assert_int_equal(variant_parse("int32 -2147483648", &v), 0);
        assert_int_equal((int32_t) v.tokens[0].bits, INT32_MIN);
        variant_done(&v);
        assert_int_equal(variant_parse("uint64 18446744073709551615", &v), 0);
        assert_true(v.tokens[0].bits == UINT64_MAX);
        variant_done(&v);
        assert_int_equal(variant_parse("'a\\'b\\\\'", &v), 0);
        assert_string_equal(v.tokens[0].text, "a'b\\");
        variant_done(&v);
        assert_int_equal(variant_parse("[('x', uint64 5), ('y', 6)]", &v), 0);
        assert_int_equal(v.n, 10);
        assert_int_equal(v.tokens[7].bits, 6);
        assert_int_equal(v.tokens[7].type, 't');
        variant_done(&v);
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                " ",
                "'",
                "'a",
                "a",
                "1 2",
                "2147483648",
                "byte 256",
                "uint64 -1",
                "uint64",
                "[",
                "[]",
                "[1, 'a']",
                "[1,, 2]",
                "()",
                "(1",
                "@z 1",
                "@as 5",
                "@a(s 1",
                "truely",
                "uint64 'a'",
                "[1] x",
                "@ay [256]",
                "boolean 1",
                "'a' 'b'",
                "{'a': 1}",
                "@(ss) ('a')",
                "1.2.3",
                "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Variant v = {};

                assert_int_equal(variant_parse(bad[i], &v), -EINVAL);
                assert_null(v.tokens);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signatures),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
