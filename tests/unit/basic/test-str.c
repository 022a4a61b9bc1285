/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"

#include "test.h"

static void test_comparisons(void **state) {
        assert_true(streq_ptr(NULL, NULL));
        assert_false(streq_ptr(NULL, ""));
        assert_true(streq_ptr("a", "a"));
        assert_true(isempty(NULL) && isempty("") && !isempty("a"));
        assert_string_equal(strempty(NULL), "");
        assert_string_equal(startswith("prefix", "pre"), "fix");
        assert_string_equal(startswith("pre", "pre"), "");
        assert_null(startswith("pr", "pre"));
        assert_true(endswith("a.slice", ".slice"));
        assert_true(endswith("a", ""));
        assert_false(endswith("lice", ".slice"));
        assert_true(string_in_charset("", DIGITS));
        assert_true(string_in_charset("0918", DIGITS));
        assert_false(string_in_charset("09 18", DIGITS));
}

static void test_set(void **state) {
        _cleanup_free_ char *s = NULL;

        assert_int_equal(string_set(&s, "a"), 0);
        assert_string_equal(s, "a");
        assert_int_equal(string_set(&s, s), 0); /* by itself */
        assert_string_equal(s, "a");
        assert_int_equal(string_set(&s, NULL), 0);
        assert_null(s);
}

static void test_parse_unsigned(void **state) {
        static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "a", "1a", "١" };
        uint64_t v = 7;
        uint32_t w = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(parse_u64(bad[i], &v), -EINVAL);
                assert_int_equal(parse_u32(bad[i], &w), -EINVAL);
        }
        assert_int_equal(parse_u64(NULL, &v), -EINVAL);
        assert_int_equal(parse_u64("18446744073709551616", &v), -ERANGE);
        assert_int_equal(parse_u64("99999999999999999999999", &v), -ERANGE);
        assert_int_equal(parse_u32("4294967296", &w), -ERANGE);
        assert_int_equal(v, 7);
        assert_int_equal(w, 7);

        assert_int_equal(parse_u64("18446744073709551615", &v), 0);
        assert_true(v == UINT64_MAX);
        assert_int_equal(parse_u64("000000000000000000000000010", &v), 0);
        assert_int_equal(v, 10);
        assert_int_equal(parse_u32("4294967295", &w), 0);
        assert_true(w == UINT32_MAX);
}

static void test_parse_signed(void **state) {
        int64_t v = 7;

        assert_int_equal(parse_i64("-1", &v), 0);
        assert_int_equal(v, -1);
        assert_int_equal(parse_i64("-0", &v), 0);
        assert_int_equal(v, 0);
        assert_int_equal(parse_i64("9223372036854775807", &v), 0);
        assert_true(v == INT64_MAX);
        assert_int_equal(parse_i64("9223372036854775808", &v), -ERANGE);
        assert_int_equal(parse_i64("-", &v), -EINVAL);
        assert_int_equal(parse_i64("--1", &v), -EINVAL);
        assert_int_equal(parse_i64(NULL, &v), -EINVAL);
}

static void test_parse_boolean(void **state) {
        bool b = false;

        assert_int_equal(parse_boolean("yes", &b), 0);
        assert_true(b);
        assert_int_equal(parse_boolean("off", &b), 0);
        assert_false(b);
        assert_int_equal(parse_boolean("Yes", &b), -EINVAL);
        assert_int_equal(parse_boolean("", &b), -EINVAL);
        assert_int_equal(parse_boolean(NULL, &b), -EINVAL);
}

static void test_parse_bytes(void **state) {
        static const struct {
                const char *text;
                uint64_t bytes;
        } good[] = {
                { "0", 0 },
                { "17", 17 },
                { "17b", 17 },
                { "1k", 1024 },
                { "1K", 1024 },
                { "64m", 64 << 20 },
                { "64MB", 64 << 20 },
                { "64MiB", 64 << 20 },
                { "2g", UINT64_C(2) << 30 },
                { "2Gi", UINT64_C(2) << 30 },
                { "1t", UINT64_C(1) << 40 },
                { "1.5g", UINT64_C(3) << 29 },
                { "0.5k", 512 },
                { "2.75kib", 2816 },
        };
        static const char *const bad[] = { "",      "m",    "-1m", "1.5", "1 m", "1mm", "1bb",   "1p",
                                           "1mibi", "0x10", "m1",  "1bi", "1.g", ".5g", "1.5.5g" };
        uint64_t v = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_bytes(bad[i], &v), -EINVAL);
        assert_int_equal(parse_bytes("18446744073709551615k", &v), -ERANGE);
        assert_int_equal(parse_bytes("16777216t", &v), -ERANGE);
        assert_int_equal(parse_bytes("18446744073709551616", &v), -ERANGE);
        assert_int_equal(v, 7);
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(parse_bytes(good[i].text, &v), 0);
                assert_int_equal(v, good[i].bytes);
        }
}

static void test_format_bytes(void **state) {
        char buf[32];

        assert_string_equal(format_bytes(buf, sizeof(buf), 0), "0B");
        assert_string_equal(format_bytes(buf, sizeof(buf), 999), "999B");
        assert_string_equal(format_bytes(buf, sizeof(buf), 1500), "1.5kB");
        assert_string_equal(format_bytes(buf, sizeof(buf), 123456789), "123MB");
        assert_string_equal(format_bytes(buf, sizeof(buf), UINT64_MAX), "18.4EB");
}

static void test_ids(void **state) {
        char a[65], b[65], hex[9];

        hex_encode((const uint8_t *) "\x00\xff\x1a\xb2", 4, hex);
        assert_string_equal(hex, "00ff1ab2");
        assert_int_equal(id_generate(a), 0);
        assert_int_equal(id_generate(b), 0);
        assert_int_equal(strlen(a), 64);
        assert_true(string_in_charset(a, LOWERCASE_HEX));
        assert_string_not_equal(a, b);
}

typedef enum Color { RED, GREEN, _COLOR_MAX } Color;
static const char *const color_table[] = { [RED] = "red", [GREEN] = "green" };
const char *color_to_string(Color v);
int color_from_string(const char *s);
DEFINE_STRING_TABLE(color, Color, _COLOR_MAX)

static void test_tables(void **state) {
        assert_string_equal(color_to_string(GREEN), "green");
        assert_null(color_to_string((Color) 2));
        assert_null(color_to_string((Color) -1));
        assert_int_equal(color_from_string("red"), RED);
        assert_int_equal(color_from_string("Red"), -EINVAL);
        assert_int_equal(color_from_string(NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_comparisons),
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_parse_unsigned),
                cmocka_unit_test(test_parse_signed),
                cmocka_unit_test(test_parse_boolean),
                cmocka_unit_test(test_parse_bytes),
                cmocka_unit_test(test_format_bytes),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_tables),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
