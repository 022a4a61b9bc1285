/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

static void test_document(void **state) {
        _cleanup_(case_done) Case c =
                        case_new("\"Cmd\":[\"c\"],\"Env\":[\"A=image\",\"B=image\"],\"User\":\"app\","
                                 "\"WorkingDir\":\"/srv\"");
        _cleanup_json_ json_object *o = NULL;
        _cleanup_strv_free_ char **env = NULL;
        json_object *process;
        const char *s = NULL;
        bool flag = false;

        set(&c, "env", "A=mine");
        set(&c, "read-only", NULL);
        o = compile(&c);
        process = at(o, "process", json_type_object);
        assert_int_equal(json_get_strv(process, "env", &env), 0);
        assert_string_equal(strv_env_get(env, "A"), "mine");
        assert_string_equal(strv_env_get(env, "B"), "image");
        assert_string_equal(strv_env_get(env, "container"), "creel");
        assert_string_equal(strv_env_get(env, "HOSTNAME"), "aaaaaaaaaaaa");
        assert_int_equal(json_get_string(process, "cwd", &s), 0);
        assert_string_equal(s, "/srv");
        assert_int_equal(json_get_string(at(process, "user", json_type_object), "username", &s), 0);
        assert_string_equal(s, "app");
        assert_int_equal(json_get_boolean(at(o, "root", json_type_object), "readonly", &flag), 0);
        assert_true(flag);

        assert_true(has_namespace(o, "user") && has_namespace(o, "network") && has_namespace(o, "cgroup"));
        assert_string_equal(mount_type(o, "/sys"), "sysfs");
        assert_string_equal(mount_type(o, "/tmp"), "tmpfs"); /* with a read-only root */
        assert_string_equal(mount_type(o, "/etc/hosts"), "bind");
        assert_string_equal(mount_type(o, "/etc/resolv.conf"), "bind");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_document),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
