/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "spec/device-option.h"

static void check(const char *text, const char *host, const char *container, const char *permissions) {
        _cleanup_device_option_ DeviceOption o = {};
        const char *hint;

        assert_int_equal(device_option_parse(text, &o, &hint), 0);
        assert_false(o.cdi);
        assert_string_equal(o.host, host);
        assert_string_equal(o.container, container);
        assert_string_equal(o.permissions, permissions);
}

static void test_devices(void **state) {
        _cleanup_device_option_ DeviceOption cdi = {};
        const char *hint;

        check("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm");
        check("/dev/fuse:rw", "/dev/fuse", "/dev/fuse", "rw");
        check("/dev/fuse:/dev/x", "/dev/fuse", "/dev/x", "rwm");
        check("/dev/fuse:/dev/x:m", "/dev/fuse", "/dev/x", "m");
        assert_int_equal(device_option_parse("nvidia.com/gpu=all", &cdi, &hint), 0);
        assert_true(cdi.cdi);
        assert_string_equal(cdi.host, "nvidia.com/gpu=all");
}

static void test_bad(void **state) {
        static const char *const bad[] = { "",
                                           "fuse",
                                           "/",
                                           "/dev/../etc/x",
                                           "/dev/x:",
                                           "/dev/x::r",
                                           "/dev/x:y",
                                           "/dev/x:rr",
                                           ":/dev/x",
                                           "/dev/x:/y:q",
                                           "/dev/x:/y:r:w",
                                           "vendor.com/class",
                                           "vendor.com/=x",
                                           "1v/c=d",
                                           "v/c=",
                                           "v/c=-" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_device_option_ DeviceOption o = {};
                const char *hint = NULL;

                assert_int_equal(device_option_parse(bad[i], &o, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

static void test_rules(void **state) {
        static const char *const bad[] = { "",           "c",         "c 1:2",    "x 1:2 r", "c 1:2 q",
                                           "c 1 r",      "c a:b r",   "c *:2 r",  "a 1:2 r", "c 1:2:3 r",
                                           "c 5000:1 r", "c 1:2 r w", "cc 1:2 r", "c 1::2 r" };
        const char *hint;
        DeviceRule r;

        assert_int_equal(device_rule_parse("c 10:* rwm", &r, &hint), 0);
        assert_true(r.type == 'c' && !r.any_major && r.any_minor && r.major == 10);
        assert_int_equal(device_rule_parse("b 8:1 r", &r, &hint), 0);
        assert_true(r.type == 'b' && r.major == 8 && r.minor == 1);
        assert_string_equal(r.permissions, "r");
        assert_int_equal(device_rule_parse("a *:* rw", &r, &hint), 0);
        assert_true(r.any_major && r.any_minor);
        assert_int_equal(device_rule_parse("a", &r, &hint), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                hint = NULL;
                assert_int_equal(device_rule_parse(bad[i], &r, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_devices), cmocka_unit_test(test_bad),
                                            cmocka_unit_test(test_rules) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
