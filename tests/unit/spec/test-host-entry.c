/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/host-entry.h"

#include "test.h"

static void test_parse(void **state) {
        static const char *const bad[] = { "",         "a",         "a:",
                                           ":1.2.3.4", "a:1.2.3",   "a:1.2.3.4.",
                                           "a b:::1",  ";:1.1.1.1", "a:host-gatewa",
                                           "a:[::1",   "-a:::1",    "a:fe80::1%eth0",
                                           "a\n:::1" };
        HostEntry e = {};

        assert_int_equal(host_entry_parse("a;b.c:10.0.0.1", &e), 0);
        assert_int_equal(strv_length(e.names), 2);
        assert_string_equal(e.names[1], "b.c");
        assert_string_equal(e.address, "10.0.0.1");
        host_entry_done(&e);
        assert_int_equal(host_entry_parse("a=[fd00::2]", &e), 0);
        assert_string_equal(e.address, "fd00::2");
        host_entry_done(&e);
        assert_int_equal(host_entry_parse("a:fd00::2", &e), 0);
        assert_string_equal(e.address, "fd00::2");
        host_entry_done(&e);
        assert_int_equal(host_entry_parse("gw:host-gateway", &e), 0);
        assert_null(e.address);
        host_entry_done(&e);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (host_entry_parse(bad[i], &e) != -EINVAL)
                        fail_msg("%s passes", bad[i]);
}

static void test_addresses(void **state) {
        assert_true(ip_address_is_valid("1.2.3.4", false));
        assert_true(ip_address_is_valid("::1", false));
        assert_true(ip_address_is_valid("fe80::1%eth0", true));
        assert_false(ip_address_is_valid("fe80::1%eth0", false));
        assert_false(ip_address_is_valid("fe80::1%", true));
        assert_false(ip_address_is_valid("1.2.3.4%eth0", true));
        assert_false(ip_address_is_valid("", true));
        assert_false(ip_address_is_valid("1.2.3.4/8", true));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
