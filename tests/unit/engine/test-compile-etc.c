/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

static const char *source_of(json_object *o, const char *destination) {
        json_object *l = at(o, "mounts", json_type_array);
        const char *s = NULL;

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                json_object *m = json_object_array_get_idx(l, i);

                assert_int_equal(json_get_string(m, "destination", &s), 0);
                if (streq(s, destination)) {
                        assert_int_equal(json_get_string(m, "source", &s), 0);
                        return s;
                }
        }
        return NULL;
}

static void test_default(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *o = compile(&c);

        assert_non_null(strstr(source_of(o, "/etc/hosts"), "/hosts"));
        assert_non_null(source_of(o, "/etc/hostname"));
        assert_non_null(source_of(o, "/etc/resolv.conf"));
        assert_non_null(source_of(o, "/run/.containerenv"));
        assert_null(source_of(o, "/run/creel-init"));
        assert_null(source_of(o, "/etc/localtime"));
        assert_null(source_of(o, "/run/host/notify"));
}

static void test_options(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *o = NULL;

        set(&c, "no-hosts", NULL);
        set(&c, "no-hostname", NULL);
        set(&c, "dns", "none");
        set(&c, "init", NULL);
        o = compile(&c);
        assert_null(source_of(o, "/etc/hosts"));
        assert_null(source_of(o, "/etc/hostname"));
        assert_null(source_of(o, "/etc/resolv.conf"));
        assert_non_null(source_of(o, "/run/creel-init"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_options),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
