/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"

#include "test.h"

static int parse(const char *s, json_object **ret) {
        return json_parse(s, strlen(s), 1024, ret);
}

static void test_whole_input(void **state) {
        static const char *const good[] = { "{}", " {\"a\": [1, 2]} \n", "12", "\"x\"", "[]" };
        static const char *const bad[] = {
                "",    " ",        "{",        "{} x",  "{}{}",      "[1,]",          "{\"a\": 1,}",
                "nul", "\"\xff\"", "// x\n{}", "[1 2]", "{\"a\" 1}", "\"unterminated"
        };
        char deep[128] = {};

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_json_ json_object *o = NULL;

                assert_int_equal(parse(good[i], &o), 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                json_object *o = NULL;

                assert_int_equal(parse(bad[i], &o), -EBADMSG);
        }
        memset(deep, '[', JSON_DEPTH_MAX + 4);
        memset(deep + JSON_DEPTH_MAX + 4, ']', JSON_DEPTH_MAX + 4);
        assert_int_equal(parse(deep, &(json_object *) { NULL }), -EBADMSG);
        assert_int_equal(json_parse("{}\0", 3, 1024, &(json_object *) { NULL }), -EBADMSG);
        assert_int_equal(json_parse("{}", 2, 1, &(json_object *) { NULL }), -EFBIG);
}

static void test_types(void **state) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *copy = NULL;
        const char *s = "untouched";
        json_object *v = NULL;
        uint64_t u = 7;
        int64_t n = 7;
        bool b = true;

        assert_int_equal(parse("{\"s\": \"x\", \"u\": 18446744073709551614, \"i\": -5, \"b\": false, \"n\": "
                               "null, \"f\": 1.5, "
                               "\"nul\": \"a\\u0000b\", \"big\": 99999999999999999999, \"a\": []}",
                               &o),
                         0);
        assert_int_equal(json_get_string(o, "absent", &s), -ENODATA);
        assert_int_equal(json_get_string(o, "n", &s), -ENODATA);
        assert_int_equal(json_get_string(o, "u", &s), -EBADMSG);
        assert_int_equal(json_get_string(o, "nul", &s), -EBADMSG);
        assert_string_equal(s, "untouched");
        assert_int_equal(json_get_string(o, "s", &s), 0);
        assert_string_equal(s, "x");
        assert_int_equal(json_dup_string(o, "absent", &copy), 0);
        assert_null(copy);
        assert_int_equal(json_dup_string(o, "s", &copy), 0);
        assert_string_equal(copy, "x");

        assert_int_equal(json_get_u64(o, "i", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "f", &u), -EBADMSG);
        assert_int_equal(json_get_u64(o, "s", &u), -EBADMSG);
        assert_int_equal(json_get_i64(o, "big", &n), -EBADMSG);
        assert_int_equal(json_get_i64(o, "u", &n), -EBADMSG);
        assert_true(u == 7 && n == 7);
        assert_int_equal(json_get_u64(o, "u", &u), 0);
        assert_true(u == UINT64_MAX - 1);
        assert_int_equal(json_get_u64(o, "big", &u), 0);
        assert_true(u == UINT64_MAX);
        assert_int_equal(json_get_i64(o, "i", &n), 0);
        assert_int_equal(n, -5);
        assert_int_equal(json_get_boolean(o, "i", &b), -EBADMSG);
        assert_int_equal(json_get_boolean(o, "b", &b), 0);
        assert_false(b);
        assert_int_equal(json_get(o, "a", json_type_object, &v), -EBADMSG);
        assert_int_equal(json_get(NULL, "a", json_type_object, &v), -EBADMSG);
}

static void test_vectors(void **state) {
        _cleanup_json_ json_object *o = NULL, *copy = NULL;
        _cleanup_strv_free_ char **l = NULL, **map = NULL, **bad = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(parse("{\"l\": [\"a\", \"\"], \"m\": {\"k\": \"v=w\", \"e\": \"\"}, \"x\": [1], "
                               "\"y\": [null], \"z\": {\"k\": 1}}",
                               &o),
                         0);
        assert_int_equal(json_get_strv(o, "x", &bad), -EBADMSG);
        assert_int_equal(json_get_strv(o, "y", &bad), -EBADMSG);
        assert_int_equal(json_get_string_map(o, "z", &bad), -EBADMSG);
        assert_null(bad);
        assert_int_equal(json_get_strv(o, "l", &l), 0);
        assert_true(strv_equal(l, (char *[]) { (char *) "a", (char *) "", NULL }));
        assert_int_equal(json_get_string_map(o, "m", &map), 0);
        assert_true(strv_equal(map, (char *[]) { (char *) "k=v=w", (char *) "e=", NULL }));

        copy = json_object_new_object();
        assert_int_equal(json_add_strv(copy, "l", l), 0);
        assert_int_equal(json_add_strv(copy, "none", NULL), 0);
        assert_int_equal(json_add_string_map(copy, "m", map), 0);
        assert_int_equal(json_add_string(copy, "none", NULL), 0);
        assert_int_equal(json_add_u64(copy, "u", UINT64_MAX - 1), 0);
        assert_int_equal(json_add_i64(copy, "i", -1), 0);
        assert_int_equal(json_add_boolean(copy, "b", true), 0);
        assert_int_equal(json_format(copy, false, &text), 0);
        assert_string_equal(text, "{\"l\":[\"a\",\"\"],\"m\":{\"k\":\"v=w\",\"e\":\"\"},\"u\":"
                                  "18446744073709551614,\"i\":-1,\"b\":true}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole_input),
                cmocka_unit_test(test_types),
                cmocka_unit_test(test_vectors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
