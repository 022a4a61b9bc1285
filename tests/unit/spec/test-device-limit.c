/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/device-limit.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

static void test_parse(void **state) {
        _cleanup_free_ char *path = NULL, *colons = NULL, *count = NULL;
        uint64_t v;

        assert_int_equal(device_limit_parse("/dev/sda:10m", DEVICE_LIMIT_BYTES, &path, &v), 0);
        assert_string_equal(path, "/dev/sda");
        assert_int_equal(v, 10 << 20);
        assert_int_equal(device_limit_parse("/dev/disk/by-path/pci-0000:00:1f:500", DEVICE_LIMIT_WEIGHT,
                                            &colons, &v),
                         0);
        assert_string_equal(colons, "/dev/disk/by-path/pci-0000:00:1f");
        assert_int_equal(v, 500);
        assert_int_equal(device_limit_parse("/dev/sda:1", DEVICE_LIMIT_COUNT, &count, &v), 0);
        assert_int_equal(v, 1);
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",           ":",           "/dev/sda",     "/dev/sda:",   "sda:10",
                "/dev/sda:0", "/dev/sda:-1", "/dev/sda:ten", "/dev/sda:9x", "/dev/sda:99999999999999999999"
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                for (int kind = 0; kind < _DEVICE_LIMIT_KIND_MAX; kind++) {
                        char *path = NULL;
                        uint64_t v;

                        assert_true(device_limit_parse(bad[i], (DeviceLimitKind) kind, &path, &v) < 0);
                        assert_null(path);
                        assert_non_null(startswith(device_limit_hint((DeviceLimitKind) kind), "must be "));
                }
        assert_int_equal(device_limit_parse("/dev/sda:9", DEVICE_LIMIT_WEIGHT, &(char *){ NULL },
                                            &(uint64_t){ 0 }),
                         -ERANGE);
        assert_int_equal(device_limit_parse("/dev/sda:1001", DEVICE_LIMIT_WEIGHT, &(char *){ NULL },
                                            &(uint64_t){ 0 }),
                         -ERANGE);
        assert_true(device_limit_parse("/dev/sda:10m", DEVICE_LIMIT_COUNT, &(char *){ NULL },
                                       &(uint64_t){ 0 }) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
