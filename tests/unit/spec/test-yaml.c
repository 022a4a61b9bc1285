/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/yaml.h"

static void check(const char *yaml, const char *json) {
        _cleanup_json_ json_object *o = NULL, *wanted = NULL;
        size_t line = 0;

        assert_int_equal(yaml_parse(yaml, strlen(yaml), &o, &line), 0);
        assert_int_equal(json_parse(json, strlen(json), 1 << 16, &wanted), 0);
        if (!json_object_equal(o, wanted))
                fail_msg("%s: %s", yaml, json_object_to_json_string(o));
}

static void test_good(void **state) {
        check("a: 1", "{\"a\":1}");
        check("---\n# a remark\na: b # another\n\nc:\n", "{\"a\":\"b\",\"c\":null}");
        check("a:\n  b: true\n  c: ~\nd: no", "{\"a\":{\"b\":true,\"c\":null},\"d\":\"no\"}");
        check("a:\n- 1\n- 2\nb:\n  - x", "{\"a\":[1,2],\"b\":[\"x\"]}");
        check("- a: 1\n  b: 2\n-   c: 3\n    d:\n    - 4\n-\n  e: 5\n- - 6\n  - 7",
              "[{\"a\":1,\"b\":2},{\"c\":3,\"d\":[4]},{\"e\":5},[6,7]]");
        check("a: \"x: # \\\"y\\\\\"\nb: 'it''s # one'\n\"c d\": e#f\n'g': h",
              "{\"a\":\"x: # \\\"y\\\\\",\"b\":\"it's # one\",\"c d\":\"e#f\",\"g\":\"h\"}");
        check("a: [1, x, true]\nb: {}\nc: [\"q, r\", {\"s\": 1}]\nd: []",
              "{\"a\":[1,\"x\",true],\"b\":{},\"c\":[\"q, r\",{\"s\":1}],\"d\":[]}");
        check("a: 0666\nb: 0o17\nc: 0x1f\nd: -5\ne: 0.6.0\nf: \"12\"\ng: 1.5",
              "{\"a\":438,\"b\":15,\"c\":31,\"d\":-5,\"e\":\"0.6.0\",\"f\":\"12\",\"g\":\"1.5\"}");
        check("path: /dev/x:rw\nurl: http://x/y\r\nenv:\n- A=b: c=d\n",
              "{\"path\":\"/dev/x:rw\",\"url\":\"http://x/y\",\"env\":[{\"A=b\":\"c=d\"}]}");
}

static void test_bad(void **state) {
        static const struct {
                const char *text;
                size_t line;
        } bad[] = {
                { "", 1 },
                { "# nothing", 1 },
                { "plain", 1 },
                { "a: 1\na: 2", 2 },
                { "a: 1\n  b: 2", 2 },
                { "a:\n\t- 1", 2 },
                { "a: &x 1", 1 },
                { "a: *x", 1 },
                { "a: !!str x", 1 },
                { "a: |\n  text", 1 },
                { "a: 'open", 1 },
                { "a: \"open", 1 },
                { "a: [1", 1 },
                { "a: {b: c}", 1 },
                { "- 1\nb: 2", 2 },
                { "a: 1\n---\nb: 2", 2 },
                { "a: b: c", 1 },
                { "a:\n    b: 1\n  c: 2", 3 },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ json_object *o = NULL;
                size_t line = 0;

                if (yaml_parse(bad[i].text, strlen(bad[i].text), &o, &line) != -EBADMSG ||
                    line != bad[i].line)
                        fail_msg("%s: line %zu, %s", bad[i].text, line, json_object_to_json_string(o));
        }
}

static void test_depth(void **state) {
        char text[512] = "";
        json_object *o = NULL;
        size_t line = 0;

        for (size_t i = 0; i < 100; i++)
                memcpy(text + 2 * i, "- ", 3);
        assert_int_equal(yaml_parse(text, strlen(text), &o, &line), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
                                            cmocka_unit_test(test_depth) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
