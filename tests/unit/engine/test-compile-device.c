/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

#define COMMAND "\"Cmd\":[\"sh\"]"
#include "engine/compile-device.h"

static json_object *first_device(json_object *o) {
        json_object *l = NULL;

        return json_get(at(o, "linux", json_type_object), "devices", json_type_array, &l) < 0
                               ? NULL
                               : json_object_array_get_idx(l, 0);
}

static void test_node(void **state) {
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_strv_free_ char **policy = NULL;
        _cleanup_json_ json_object *o = NULL;
        const char *path;
        uint64_t n;
        bool all;

        set(&c, "device", "/dev/zero:/dev/one:r");
        set(&c, "device-cgroup-rule", "c 10:* rwm");
        set(&c, "device-cgroup-rule", "b 8:1 w");
        set(&c, "device-cgroup-rule", "a");
        o = compile(&c);
        assert_int_equal(json_get_string(first_device(o), "path", &path), 0);
        assert_string_equal(path, "/dev/one");
        assert_int_equal(json_get_u64(first_device(o), "minor", &n), 0);
        assert_int_equal(n, 5);
        assert_int_equal(container_device_policy(c.record->spec, &policy, &all, NULL), 0);
        assert_false(all);
        assert_string_equal(policy[0], "/dev/char/1:5 r");
        assert_string_equal(policy[1], "char-10 rwm");
        assert_string_equal(policy[2], "/dev/block/8:1 w");
        assert_string_equal(policy[3], "char-* rwm");
        assert_string_equal(policy[4], "block-* rwm");
}

/* Outside of /dev it is mounted. */
static void test_mount(void **state) {
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_json_ json_object *o = NULL;

        set(&c, "device", "/dev/zero:/opt/zero");
        o = compile(&c);
        assert_null(first_device(o));
        assert_string_equal(mount_type(o, "/opt/zero"), "bind");
}

static void test_refused(void **state) {
        static const char *const bad[] = { "/dev/no-such-device", "/etc/passwd", "/etc" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(case_done) Case c = case_new(COMMAND);
                _cleanup_strv_free_ char **policy = NULL;
                _cleanup_failure_ Failure failure = {};
                bool all;

                set(&c, "device", bad[i]);
                assert_true(container_device_policy(c.record->spec, &policy, &all, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
}

static void test_privileged(void **state) {
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_strv_free_ char **policy = NULL;
        bool all;

        set(&c, "privileged", "true");
        assert_int_equal(container_device_policy(c.record->spec, &policy, &all, NULL), 0);
        assert_true(all);
        assert_null(policy);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_node), cmocka_unit_test(test_mount),
                                            cmocka_unit_test(test_refused),
                                            cmocka_unit_test(test_privileged) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
