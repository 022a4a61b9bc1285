/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

static void test_host_network(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *o = NULL;

        set(&c, "network", "host");
        o = compile(&c);
        assert_false(has_namespace(o, "network"));
        /* sysfs belongs to the network namespace: the host's cannot be mounted anew */
        assert_string_equal(mount_type(o, "/sys"), "bind");
        assert_string_equal(mount_type(o, "/etc/resolv.conf"), "bind");
        assert_null(mount_type(o, "/tmp"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_host_network),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
