/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

static void assert_argv(Case *c, const char *expected) {
        _cleanup_strv_free_ char **argv = NULL;
        _cleanup_free_ char *joined = NULL;

        assert_int_equal(container_argv(c->record, c->config, &argv, NULL), 0);
        assert_int_equal(strv_join(argv, " ", &joined), 0);
        assert_string_equal(joined, expected);
}

static void test_argv(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Entrypoint\":[\"/e\",\"x\"],\"Cmd\":[\"c\"]");
        _cleanup_(case_done) Case empty = case_new("");
        _cleanup_failure_ Failure failure = {};
        char **argv;

        assert_argv(&c, "/e x c");
        set(&c, "command", "mine");
        assert_argv(&c, "/e x mine");
        /* an entrypoint of one's own drops the image's command, too */
        c.record->spec->command = strv_free(c.record->spec->command);
        set(&c, "entrypoint", "/other");
        assert_argv(&c, "/other");
        set(&c, "entrypoint", "");
        set(&c, "command", "bare");
        assert_argv(&c, "bare");

        assert_true(container_argv(empty.record, empty.config, &argv, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_console_size(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *without = compile(&c), *with = NULL;
        json_object *size;
        uint64_t n;

        assert_int_equal(json_get(at(without, "process", json_type_object), "consoleSize", json_type_object,
                                  &size),
                         -ENODATA);
        set(&c, "tty", NULL);
        with = compile(&c);
        size = at(at(with, "process", json_type_object), "consoleSize", json_type_object);
        assert_int_equal(json_get_u64(size, "height", &n), 0);
        assert_int_equal(n, 33);
        assert_int_equal(json_get_u64(size, "width", &n), 0);
        assert_int_equal(n, 111);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_argv),
                cmocka_unit_test(test_console_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
