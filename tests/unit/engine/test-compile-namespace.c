/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

#define COMMAND "\"Cmd\":[\"sh\"]"
#include "engine/compile-part.h"

static int refused(Case *c, Failure *f) {
        JobParameters start = JOB_PARAMETERS_DEFAULT;
        _cleanup_free_ char *text = NULL;

        return container_compile(&(const CompileInput){ .record = c->record,
                                                        .config = c->config,
                                                        .runtime_path = "/run/creel",
                                                        .start = &start },
                                 &text, f);
}

static void test_modes(void **state) {
        _cleanup_(case_done) Case plain = case_new(COMMAND), shared = case_new(COMMAND);
        _cleanup_json_ json_object *p = NULL, *s = NULL;
        static const char *const types[] = { "pid", "ipc", "uts", "cgroup", "network" };

        p = compile(&plain);
        set(&shared, "pid", "host");
        set(&shared, "ipc", "host");
        set(&shared, "uts", "host");
        set(&shared, "cgroupns", "host");
        set(&shared, "network", "host");
        s = compile(&shared);
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                assert_true(has_namespace(p, types[i]));
                assert_false(has_namespace(s, types[i]));
        }
        assert_true(has_namespace(s, "mount"));
        assert_true(has_namespace(s, "user"));
        assert_false(json_object_object_get_ex(s, "hostname", NULL));
}

static void test_mappings(void **state) {
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_json_ json_object *o = NULL;
        json_object *map;
        uint64_t n;

        o = compile(&c);
        map = json_object_array_get_idx(at(at(o, "linux", json_type_object), "gidMappings", json_type_array),
                                        0);
        assert_int_equal(json_get_u64(map, "hostID", &n), 0);
        assert_int_equal(n, 0x100000);
        assert_int_equal(json_get_u64(map, "size", &n), 0);
        assert_int_equal(n, 65536);
}

static void test_sysctl(void **state) {
        static const char *const pairs[][3] = { { "network", "host", "net.ipv4.ip_forward=1" },
                                                { "ipc", "host", "kernel.shmmax=1" },
                                                { "uts", "host", "kernel.domainname=x" } };
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_json_ json_object *o = NULL;
        const char *s;

        set(&c, "sysctl", "kernel.shmmax=7");
        o = compile(&c);
        assert_int_equal(json_get_string(at(at(o, "linux", json_type_object), "sysctl", json_type_object),
                                         "kernel.shmmax", &s),
                         0);
        assert_string_equal(s, "7");
        assert_int_equal(json_get_string(at(at(o, "linux", json_type_object), "sysctl", json_type_object),
                                         "net.ipv4.ping_group_range", &s),
                         0);
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                _cleanup_(case_done) Case bad = case_new(COMMAND);
                _cleanup_failure_ Failure failure = {};

                set(&bad, pairs[i][0], pairs[i][1]);
                set(&bad, "sysctl", pairs[i][2]);
                assert_true(refused(&bad, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
                assert_non_null(strstr(failure.text, pairs[i][0]));
        }
}

static void test_paths(void **state) {
        static const char *const bad[][2] = { { "network", "ns:/no/such/file" },
                                              { "pid", "ns:/proc/self/ns/pid" } };
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_json_ json_object *o = NULL;

        set(&c, "network", "ns:/proc/self/ns/net");
        o = compile(&c);
        assert_true(has_namespace(o, "network"));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(case_done) Case b = case_new(COMMAND);
                _cleanup_failure_ Failure failure = {};

                set(&b, bad[i][0], bad[i][1]);
                assert_true(refused(&b, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_modes), cmocka_unit_test(test_mappings),
                                            cmocka_unit_test(test_sysctl), cmocka_unit_test(test_paths) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
