/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "pull/error-body.h"

#include "test.h"

static void test_describe(void **state) {
        static const struct {
                const char *body, *text; /* NULL: nothing to say */
        } cases[] = {
                { "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest "
                  "unknown\",\"detail\":{}}]}",
                  "manifest unknown" },
                { "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no such account\"},{\"code\":\"X\"}]}",
                  "denied: no such account" },
                { "{\"errors\":[{\"message\":\"alone\"}]}", "alone" },
                { "{\"errors\":[{\"code\":\"ALONE\"}]}", "alone" },
                { "{\"errors\":[{\"code\":\"A\",\"message\":\"b\\u001b[1m\\r\\nc\"}]}", "a: b [1m  c" },
                { "{\"errors\":[{\"code\":1,\"message\":{}}]}", NULL },
                { "{\"errors\":[]}", NULL },
                { "{\"errors\":{}}", NULL },
                { "<html>", NULL },
                { "", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;

                assert_int_equal(error_body_describe(cases[i].body, strlen(cases[i].body), &text),
                                 cases[i].text ? 0 : -ENOENT);
                if (cases[i].text)
                        assert_string_equal(text, cases[i].text);
        }
}

static void test_clean(void **state) {
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL;
        char input[2 * ERROR_BODY_TEXT_MAX] = {};

        assert_int_equal(error_text_clean("gr\xc3\xbc\xc3\x9f"
                                          "e \xff\x7f\xc2\x9b|",
                                          &a),
                         0);
        assert_string_equal(a, "gr\xc3\xbc\xc3\x9f"
                               "e ? ??|");
        memset(input, 'x', sizeof(input) - 1);
        assert_int_equal(error_text_clean(input, &b), 0);
        assert_int_equal(strlen(b), ERROR_BODY_TEXT_MAX);
        /* A character is not cut in two. */
        memcpy(input + ERROR_BODY_TEXT_MAX - 1, "\xc3\xbc", 2);
        assert_int_equal(error_text_clean(input, &c), 0);
        assert_int_equal(strlen(c), ERROR_BODY_TEXT_MAX - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_describe),
                cmocka_unit_test(test_clean),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
