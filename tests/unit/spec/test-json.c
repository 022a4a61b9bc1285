/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"

#include "test.h"

static int parse(const char *text, json_object **ret) {
        return json_parse(text, strlen(text), 1024 * 1024, ret);
}

static void test_whole_values_only(void **state) {
        static const char *const good[] = { "{}",   " \t\r\n{} \n", "[]",     "\"x\"",
                                            "true", "17",           "-1.5e3", "{\"a\":[1,{\"b\":null}]}" };
        static const char *const bad[] = {
                "",
                " ",
                "{",
                "}",
                "{}{}",
                "{} x",
                "{}]",
                "[1,]",
                "[1 2]",
                "{\"a\"}",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                "tru",
                "True",
                "nul",
                "01",
                "+1",
                ".5",
                "NaN",
                "Infinity",
                "-Infinity",
                "\"x",
                "\"\x01\"",
                "\"\\x\"",
                "\"\\u12\"",
                "// c\n{}",
                "/* c */{}",
                "{}/* c */",
                "\"\xff\"",
                "\"\xc3\x28\"",
                "\xef\xbb\xbf{}",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_json_ json_object *o = NULL;

                assert_int_equal(parse(good[i], &o), 0);
                assert_non_null(o);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ json_object *o = NULL;

                if (parse(bad[i], &o) != -EBADMSG)
                        fail_msg("accepted: %s", bad[i]);
                assert_null(o);
        }
}

static void test_nul_bytes(void **state) {
        static const struct {
                const char *data;
                size_t n;
        } bad[] = { { "{}\0", 3 }, { "{}\0{}", 5 },   { "\0{}", 3 }, { "{\"a\":\0001}", 8 },
                    { "17\0", 3 }, { "\"a\0b\"", 5 }, { "\0", 1 } };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ json_object *o = NULL;

                if (json_parse(bad[i].data, bad[i].n, 100, &o) != -EBADMSG)
                        fail_msg("row %zu is accepted", i);
        }
}

static void test_depth(void **state) {
        for (unsigned depth = 1; depth < 100000; depth = depth < 40 ? depth + 1 : depth * 10) {
                _cleanup_free_ char *bomb = malloc(2 * depth + 1), *unclosed = malloc(depth + 1);
                _cleanup_json_ json_object *o = NULL;

                (void) memset(bomb, '[', depth);
                (void) memset(bomb + depth, ']', depth);
                bomb[2 * depth] = 0;
                if (depth < JSON_DEPTH_MAX - 1)
                        assert_int_equal(parse(bomb, &o), 0);
                else if (depth > JSON_DEPTH_MAX)
                        assert_int_equal(parse(bomb, &o), -EBADMSG);
                (void) memset(unclosed, '[', depth);
                unclosed[depth] = 0;
                json_putp(&o);
                assert_int_equal(parse(unclosed, &o), -EBADMSG);
        }
}

static void test_size(void **state) {
        _cleanup_json_ json_object *o = NULL;

        assert_int_equal(json_parse("{}", 2, 1, &o), -EFBIG);
        assert_int_equal(json_parse("{}", (size_t) INT32_MAX + 1, SIZE_MAX, &o), -EFBIG); /* not read */
        assert_null(o);
}

static void test_numbers(void **state) {
        _cleanup_json_ json_object *o = NULL;
        uint64_t u = 7;
        int64_t i = 7;

        assert_int_equal(parse("{\"zero\":0,\"minus\":-1,\"i64\":9223372036854775806,\"u64\":"
                               "18446744073709551615,\"real\":1.0,\"exp\":1e3,\"text\":\"1\","
                               "\"null\":null,\"low\":-9223372036854775807}",
                               &o),
                         0);
        assert_int_equal(json_get_u64(o, "minus", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "real", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "exp", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "text", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "null", &u), -ENODATA);
        assert_int_equal(json_get_u64(o, "absent", &u), -ENODATA);
        assert_int_equal(u, 7);
        assert_int_equal(json_get_u64(o, "u64", &u), 0);
        assert_true(u == UINT64_MAX);
        assert_int_equal(json_get_u64(o, "zero", &u), 0);
        assert_int_equal(u, 0);
        assert_int_equal(json_get_i64(o, "u64", &i), -EBADMSG);
        assert_int_equal(json_get_i64(o, "low", &i), 0);
        assert_true(i == -INT64_MAX);
        assert_int_equal(json_get_i64(o, "i64", &i), 0);
        assert_true(i == INT64_MAX - 1);
}

/* Clamped numbers would mean something else than what was written. */
static void test_huge_numbers(void **state) {
        static const char *const huge[] = { "18446744073709551616", "99999999999999999999999999",
                                            "-9223372036854775809", "-99999999999999999999999999" };

        for (size_t k = 0; k < ELEMENTSOF(huge); k++) {
                _cleanup_json_ json_object *o = NULL;
                _cleanup_free_ char *text = NULL;

                assert_int_equal(string_format(&text, "{\"n\":%s}", huge[k]), 0);
                if (parse(text, &o) != -EBADMSG)
                        fail_msg("%s is accepted", huge[k]);
        }
}

static void test_numbers_and_quotes_in_strings(void **state) {
        static const char *const good[] = {
                "\"99999999999999999999999999\"",
                "\"it's\"",
                "\"\\\"'\\\\\"",
                "{\"a'\":\"99999999999999999999 '\"}",
                "[-9223372036854775808,18446744073709551615,1.000000000000000000000000000001,1e-5]",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_json_ json_object *o = NULL;

                if (parse(good[i], &o) != 0)
                        fail_msg("%s is refused", good[i]);
        }
}

static void test_strings(void **state) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *owned = NULL;
        const char *s = NULL;

        assert_int_equal(parse("{\"s\":\"\\u00e9\",\"nul\":\"a\\u0000b\",\"n\":1,\"null\":null,\"empty\":"
                               "\"\"}",
                               &o),
                         0);
        assert_int_equal(json_get_string(o, "nul", &s), -EBADMSG);
        assert_int_equal(json_get_string(o, "n", &s), -EBADMSG);
        assert_int_equal(json_get_string(o, "null", &s), -ENODATA);
        assert_null(s);
        assert_int_equal(json_get_string(o, "s", &s), 0);
        assert_string_equal(s, "\xc3\xa9");

        assert_int_equal(json_dup_string(o, "absent", &owned), 0);
        assert_null(owned);
        assert_int_equal(json_dup_string(o, "nul", &owned), -EBADMSG);
        assert_int_equal(json_dup_string(o, "empty", &owned), 0);
        assert_string_equal(owned, "");

        assert_int_equal(json_get_string(NULL, "s", &s), -EBADMSG);
}

static void test_types(void **state) {
        _cleanup_json_ json_object *o = NULL;
        json_object *v = NULL;
        bool b = true;

        assert_int_equal(parse("{\"a\":[],\"i\":0,\"s\":\"false\",\"b\":false}", &o), 0);
        assert_int_equal(json_get_boolean(o, "i", &b), -EBADMSG);
        assert_int_equal(json_get_boolean(o, "s", &b), -EBADMSG);
        assert_true(b);
        assert_int_equal(json_get_boolean(o, "b", &b), 0);
        assert_false(b);
        assert_int_equal(json_get(o, "a", json_type_object, &v), -EBADMSG);
        assert_int_equal(json_get(NULL, "a", json_type_object, &v), -EBADMSG);
        assert_null(v);
        assert_int_equal(json_get(o, "a", json_type_array, &v), 0);
        assert_non_null(v);
}

static void test_vectors(void **state) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_strv_free_ char **l = NULL;
        static const char *const bad[] = { "number", "null-inside", "nested", "nul", "text", "object" };

        assert_int_equal(parse("{\"good\":[\"a\",\"\"],\"empty\":[],\"number\":[\"a\",1],\"null-inside\":["
                               "null],\"nested\":[[\"a\"]],\"nul\":[\"a\\u0000\"],"
                               "\"text\":\"a\",\"object\":{}}",
                               &o),
                         0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(json_get_strv(o, bad[i], &l), -EBADMSG);
        assert_int_equal(json_get_strv(o, "absent", &l), -ENODATA);
        assert_null(l);
        assert_int_equal(json_get_strv(o, "empty", &l), 0);
        assert_int_equal(strv_length(l), 0);
        assert_int_equal(json_get_strv(o, "good", &l), 0);
        assert_int_equal(strv_length(l), 2);
        assert_string_equal(l[1], "");
}

static void test_maps(void **state) {
        _cleanup_json_ json_object *o = NULL, *out = json_object_new_object();
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_free_ char *text = NULL;
        char *const broken[] = { (char *) "no-equals", NULL };

        assert_int_equal(parse("{\"m\":{\"b\":\"1=2\",\"a\":\"\"},\"bad\":{\"a\":1},\"null\":{\"a\":null}}",
                               &o),
                         0);
        assert_int_equal(json_get_string_map(o, "bad", &l), -EBADMSG);
        assert_int_equal(json_get_string_map(o, "null", &l), -EBADMSG);
        assert_int_equal(json_get_string_map(o, "m", &l), 0);
        assert_string_equal(l[0], "b=1=2");
        assert_string_equal(l[1], "a=");
        assert_int_equal(json_add_string_map(out, "m", l), 0);
        assert_int_equal(json_add_string_map(out, "x", broken), -EINVAL);
        assert_int_equal(json_format(out, false, &text), 0);
        assert_string_equal(text, "{\"m\":{\"b\":\"1=2\",\"a\":\"\"}}");
}

static void test_adding(void **state) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        char *const l[] = { (char *) "a/b", (char *) "\"\n", NULL };

        assert_int_equal(json_add_string(o, "s", "x"), 0);
        assert_int_equal(json_add_string(o, "none", NULL), 0);
        assert_int_equal(json_add_strv(o, "none", NULL), 0);
        assert_int_equal(json_add(o, "none", NULL), -ENOMEM);
        assert_int_equal(json_add_u64(o, "u", UINT64_MAX), 0);
        assert_int_equal(json_add_i64(o, "i", -5), 0);
        assert_int_equal(json_add_boolean(o, "b", true), 0);
        assert_int_equal(json_add_strv(o, "l", l), 0);
        assert_int_equal(json_format(o, false, &text), 0);
        assert_string_equal(text, "{\"s\":\"x\",\"u\":18446744073709551615,\"i\":-5,\"b\":true,\"l\":[\"a/"
                                  "b\",\"\\\"\\n\"]}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole_values_only),
                cmocka_unit_test(test_nul_bytes),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_huge_numbers),
                cmocka_unit_test(test_numbers_and_quotes_in_strings),
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_types),
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_maps),
                cmocka_unit_test(test_adding),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
