/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"
#include "engine/compile-part.h"
#include "engine/root.h"
#include "security/capability.h"

static CompileInput input(const Case *c) {
        static JobParameters start;

        return (CompileInput){
                .record = c->record, .config = c->config, .runtime_path = "/run/creel", .start = &start
        };
}

static bool is_system(const Case *c) {
        const CompileInput in = input(c);

        return compile_is_system(&in);
}

static void test_detection(void **state) {
        _cleanup_(case_done) Case plain = case_new("\"Cmd\":[\"sh\"]"),
                                  init = case_new("\"Cmd\":[\"/sbin/init\"]");

        assert_false(is_system(&plain));
        assert_true(is_system(&init));
        set(&init, "systemd", "false");
        assert_false(is_system(&init));
        set(&plain, "systemd", "always");
        assert_true(is_system(&plain));
        set(&plain, "systemd", "true");
        assert_false(is_system(&plain));
        set(&plain, "command", "systemd");
        assert_true(is_system(&plain));
}

static void test_boot(void **state) {
        _cleanup_(case_done) Case plain = case_new("\"Cmd\":[\"sh\"]"),
                                  init = case_new("\"Entrypoint\":[\"/sbin/init\",\"--x\"]");
        _cleanup_strv_free_ char **a = NULL, **b = NULL;
        const char *word;

        set(&plain, "boot", NULL);
        set(&plain, "command", "systemd.unit=rescue.target");
        set(&init, "boot", NULL);
        assert_int_equal(container_argv(plain.record, plain.config, &a, NULL), 0);
        assert_string_equal(a[0], "/usr/lib/systemd/systemd");
        assert_string_equal(a[1], "systemd.unit=rescue.target");
        assert_int_equal(container_argv(init.record, init.config, &b, NULL), 0);
        assert_string_equal(b[0], "/sbin/init");
        assert_null(b[1]);

        _cleanup_json_ json_object *o = compile(&plain);
        assert_int_equal(json_get_string(at(o, "annotations", json_type_object), "org.creel1.boot", &word),
                         0);
        assert_int_equal(json_get_string(at(o, "linux", json_type_object), "rootfsPropagation", &word), 0);
        assert_string_equal(word, "rshared");
        assert_string_equal(mount_type(o, "/run"), "tmpfs");
        assert_string_equal(mount_type(o, "/run/host"), "bind");
}

static void test_refusals(void **state) {
        static const struct {
                const char *key, *value, *other, *other_value;
        } refused[] = {
                { "boot", NULL, "systemd", "false" },     { "boot", NULL, "entrypoint", "x" },
                { "boot", NULL, "user", "app" },          { "notify-ready", NULL, NULL, NULL },
                { "link-journal", "host", NULL, NULL },   { "set-credential", "a:b", NULL, NULL },
                { "ephemeral", NULL, "volatile", "yes" }, { "ephemeral", NULL, "template", "/x" },
        };

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
                _cleanup_failure_ Failure f = {};
                _cleanup_free_ char *text = NULL;
                CompileInput in = input(&c);

                set(&c, refused[i].key, refused[i].value);
                if (refused[i].other)
                        set(&c, refused[i].other, refused[i].other_value);
                assert_true(container_compile(&in, &text, &f) < 0);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
                assert_non_null(strstr(f.text, refused[i].key));
        }
}

static void test_capabilities(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
        uint64_t caps;

        assert_int_equal(container_capabilities(c.record->spec, true, &caps, NULL), 0);
        assert_true(caps & (UINT64_C(1) << capability_from_string("CAP_SYS_ADMIN")));
        assert_true(caps & (UINT64_C(1) << capability_from_string("CAP_NET_ADMIN")));
        assert_false(caps & (UINT64_C(1) << capability_from_string("CAP_SYS_MODULE")));
        set(&c, "network", "host");
        set(&c, "cap-drop", "SYS_ADMIN");
        assert_int_equal(container_capabilities(c.record->spec, true, &caps, NULL), 0);
        assert_false(caps & (UINT64_C(1) << capability_from_string("CAP_SYS_ADMIN")));
        assert_false(caps & (UINT64_C(1) << capability_from_string("CAP_NET_ADMIN")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_detection),
                cmocka_unit_test(test_boot),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_capabilities),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
