/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "spec/json.h"
#include "spec/runtime-reader.h"

#include "test.h"

static int read_nothing(RuntimeReader *d, json_object *o) {
        return 0;
}

static int read_bad(RuntimeReader *d, json_object *o) {
        return reader_complain(d, "k", "is %s", "bad");
}

static int read_deeper(RuntimeReader *d, json_object *o) {
        return reader_array(d, o, "a", 2, read_bad);
}

static void test_members(void **state) {
        static const char text[] = "{\"n\":5,\"s\":\"x\",\"e\":\"\",\"z\":null,\"p\":\"/p\",\"b\":true}";
        _cleanup_json_ json_object *o = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeReader d = { .failure = &failure };
        char *s = NULL, *none = NULL, *path = NULL;
        int64_t ranged = 0;
        uint32_t n = 9;
        bool b = false;

        assert_int_equal(json_parse(text, strlen(text), 4096, &o), 0);
        assert_int_equal(reader_u32(&d, o, "z", &n), 0);
        assert_int_equal(n, 9);
        assert_int_equal(reader_u32(&d, o, "n", &n), 0);
        assert_int_equal(n, 5);
        assert_int_equal(reader_ranged(&d, o, "n", 0, 5, &ranged), 0);
        assert_int_equal(ranged, 5);
        assert_int_equal(reader_string(&d, o, "s", &s), 0);
        assert_string_equal(s, "x");
        assert_int_equal(reader_string(&d, o, "e", &none), 0);
        assert_null(none);
        assert_int_equal(reader_path(&d, o, "p", &path), 0);
        assert_string_equal(path, "/p");
        assert_int_equal(reader_boolean(&d, o, "b", &b), 0);
        assert_true(b);
        free(s);
        free(path);
        s = path = NULL;

        assert_true(reader_ranged(&d, o, "n", 0, 4, &ranged) < 0);
        assert_true(reader_path(&d, o, "s", &path) < 0);
        assert_non_null(strstr(failure.text, "x is not an absolute path"));
        assert_true(reader_boolean(&d, o, "n", &b) < 0);
        assert_non_null(strstr(failure.text, "wrong type"));
        free(path);
}

static void test_places(void **state) {
        static const char text[] = "{\"o\":{\"a\":[{}]},\"l\":[{},{},{}],\"m\":[1]}";
        _cleanup_json_ json_object *o = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeReader d = { .failure = &failure };

        assert_int_equal(json_parse(text, strlen(text), 4096, &o), 0);
        assert_true(reader_object(&d, o, "o", read_deeper) < 0);
        assert_string_equal(failure.text, "runtime specification, o.a[0].k: is bad");
        assert_string_equal(d.where, "");
        assert_int_equal(reader_array(&d, o, "l", 3, read_nothing), 0);
        assert_true(reader_array(&d, o, "l", 2, read_nothing) < 0);
        assert_string_equal(failure.text, "runtime specification, l: more than 2 entries");
        assert_true(reader_array(&d, o, "m", 2, read_nothing) < 0);
        assert_string_equal(failure.text, "runtime specification, m[0]: must be an object");
        assert_true(reader_object(&d, o, "l", read_nothing) < 0);
        assert_int_equal(reader_object(&d, o, "absent", read_bad), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_places),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
