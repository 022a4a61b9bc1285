/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/template.h"
#include "spec/json.h"
#include "test.h"

static const char document[] = "{\"Name\":\"web\",\"State\":{\"ExitCode\":3,\"Running\":false,\"Error\":"
                               "null},\"Cmd\":[\"sh\",\"-c\"],"
                               "\"Labels\":{\"a.b\":\"x\",\"k\":\"v\"},\"Cpus\":1.5,\"Mounts\":[]}";

static int setup(void **state) {
        return json_parse(document, strlen(document), 4096, (json_object **) state);
}

static int teardown(void **state) {
        (void) json_object_put(*state);
        return 0;
}

static void expect(json_object *o, const char *template, const char *want) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *text = NULL;

        if (template_render(template, o, &text, &f) < 0)
                fail_msg("%s: %s", template, f.text);
        assert_string_equal(text, want);
}

static void refuse(json_object *o, const char *template, const char *want) {
        _cleanup_failure_ Failure f = {};
        char *text = NULL;

        assert_int_equal(template_render(template, o, &text, &f), -EINVAL);
        assert_null(text);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        if (!strstr(f.text, want))
                fail_msg("%s: %s", template, f.text);
}

static void test_paths(void **state) {
        expect(*state, "{{.Name}}", "web");
        expect(*state, ".State.ExitCode", "3");
        expect(*state, "<{{ .Name }}>\\t{{.State.Running}}\\n", "<web>\tfalse\n");
        expect(*state, "{{.State.Error}}", "<no value>");
        expect(*state, "{{.Cmd}} {{.Labels}} {{.Cpus}}", "[sh -c] map[a.b:x k:v] 1.5");
        expect(*state, "no action, \\\\ } {", "no action, \\ } {");
        expect(*state, "", "");
}

static void test_functions(void **state) {
        expect(*state, "{{json .Cmd}}", "[\"sh\",\"-c\"]");
        expect(*state, "{{json .State.Error}}", "null");
        expect(*state, "{{index .Labels \"a.b\"}}", "x");
        expect(*state, "{{index .Labels \"none\"}}", "<no value>");
        expect(*state, "{{index .Cmd 1}}", "-c");
        expect(*state, "{{json .}}", document);
}

static void test_refused(void **state) {
        refuse(*state, "{{.Nme}}", "no member 'Nme'");
        refuse(*state, "{{.Name.x}}", "no member 'x'");
        refuse(*state, "{{.Name", "expected '}}'");
        refuse(*state, "{{Name}}", "expected a path");
        refuse(*state, "{{.State.}}", "at '}}'");
        refuse(*state, "{{}}", "expected a path");
        refuse(*state, "{{.Name | upper}}", "expected '}}'");
        refuse(*state, "{{index .Cmd 2}}", "no element 2");
        refuse(*state, "{{index .Cmd x}}", "expected a number");
        refuse(*state, "{{index .Cmd \"a\"}}", "not an object");
        refuse(*state, "{{index .Labels \"a}}", "does not end");
        refuse(*state, "{{index .Name 0}}", "no element 0");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
                cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
