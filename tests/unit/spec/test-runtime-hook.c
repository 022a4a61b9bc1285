/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/json.h"
#include "spec/runtime-hook.h"

#include "test.h"

static int parse(const char *text, RuntimeHooks *ret, const char **why) {
        _cleanup_json_ json_object *o = NULL;

        *why = NULL;
        assert_int_equal(json_parse(text, strlen(text), 65536, &o), 0);
        return runtime_hooks_parse(o, ret, why);
}

static void test_good(void **state) {
        _cleanup_(runtime_hooks_done) RuntimeHooks h = {}, none = {};
        const char *why;

        assert_int_equal(parse("[{\"path\":\"/bin/"
                               "a\",\"args\":[\"a\",\"-x\"],\"env\":[\"K=v\"],\"timeout\":7,"
                               "\"unknown\":1},{\"path\":\"/bin/b\",\"args\":null,\"env\":[]}]",
                               &h, &why),
                         0);
        assert_int_equal(h.n, 2);
        assert_string_equal(h.hooks[0].path, "/bin/a");
        assert_string_equal(h.hooks[0].args[1], "-x");
        assert_string_equal(h.hooks[0].env[0], "K=v");
        assert_int_equal(h.hooks[0].timeout_usec, 7000000);
        assert_null(h.hooks[1].args);
        assert_null(h.hooks[1].env);
        assert_int_equal(h.hooks[1].timeout_usec, 0);
        assert_int_equal(parse("[]", &none, &why), 0);
        assert_int_equal(none.n, 0);
}

static void test_bad(void **state) {
        static const char *const bad[][2] = {
                { "{}", "array" },
                { "[1]", "object" },
                { "[{}]", "path" },
                { "[{\"path\":\"a\"}]", "path" },
                { "[{\"path\":1}]", "path" },
                { "[{\"path\":\"/a\",\"args\":\"x\"}]", "args" },
                { "[{\"path\":\"/a\",\"args\":[1]}]", "args" },
                { "[{\"path\":\"/a\"},{\"path\":\"/a\",\"env\":{}}]", "env" },
                { "[{\"path\":\"/a\",\"timeout\":0}]", "timeout" },
                { "[{\"path\":\"/a\",\"timeout\":-1}]", "timeout" },
                { "[{\"path\":\"/a\",\"timeout\":\"1\"}]", "timeout" },
                { "[{\"path\":\"/a\",\"timeout\":18446744073709551615}]", "timeout" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(runtime_hooks_done) RuntimeHooks h = {};
                const char *why;

                assert_int_equal(parse(bad[i][0], &h, &why), -EBADMSG);
                assert_null(h.hooks);
                assert_non_null(strstr(why, bad[i][1]));
        }
}

static void test_kinds(void **state) {
        assert_string_equal(runtime_hook_kind_to_string(RUNTIME_HOOK_CREATE_RUNTIME), "createRuntime");
        assert_int_equal(runtime_hook_kind_from_string("poststop"), RUNTIME_HOOK_POSTSTOP);
        assert_int_equal(runtime_hook_kind_from_string("PostStop"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
