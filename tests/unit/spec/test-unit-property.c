/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/unit-property.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

static void test_numbers(void **state) {
        static const struct {
                const char *assignment, *property;
                uint64_t number;
        } rows[] = {
                { "MemoryMax=64M", "MemoryMax", 64 << 20 },
                { "MemoryHigh=infinity", "MemoryHigh", UINT64_MAX },
                { "MemoryMin=0", "MemoryMin", 0 },
                { "TasksMax=10", "TasksMax", 10 },
                { "CPUWeight=200", "CPUWeight", 200 },
                { "CPUQuota=150%", "CPUQuotaPerSecUSec", 1500000 },
                { "CPUQuotaPeriodSec=10ms", "CPUQuotaPeriodUSec", 10000 },
                { "RuntimeMaxSec=90", "RuntimeMaxUSec", 90000000 },
                { "IPAccounting=yes", "IPAccounting", 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(unit_properties_done) UnitProperties p = {};
                const UnitProperty *item;
                const char *hint;

                assert_int_equal(unit_properties_parse(&p, rows[i].assignment, &hint), 0);
                item = unit_properties_find(&p, rows[i].property);
                assert_non_null(item);
                assert_true(item->number == rows[i].number);
                assert_int_equal(unit_properties_parse(&p, rows[i].assignment, &hint), -EEXIST);
                assert_int_equal(p.n, 1);
        }
}

static void test_lists(void **state) {
        _cleanup_(unit_properties_done) UnitProperties p = {};
        const UnitProperty *item;
        const char *hint;

        assert_int_equal(unit_properties_parse(&p, "IOReadBandwidthMax=/dev/vda 10M", &hint), 0);
        assert_int_equal(unit_properties_parse(&p, "IOReadBandwidthMax=/dev/vdb infinity", &hint), 0);
        assert_int_equal(unit_properties_parse(&p, "IOReadBandwidthMax=/dev/vda 20M", &hint), 0);
        item = unit_properties_find(&p, "IOReadBandwidthMax");
        assert_int_equal(item->n_devices, 2);
        assert_string_equal(item->devices[0].path, "/dev/vda");
        assert_int_equal(item->devices[0].value, 20 << 20);
        assert_int_equal(unit_properties_parse(&p, "AllowedCPUs=0,9", &hint), 0);
        item = unit_properties_find(&p, "AllowedCPUs");
        assert_int_equal(item->bitmap_size, 2);
        assert_int_equal(unit_properties_parse(&p, "Description=A web server", &hint), 0);
        assert_string_equal(unit_properties_find(&p, "Description")->string, "A web server");
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                "=",
                "MemoryMax",
                "MemoryMax=",
                "MemoryMax=lots",
                "MemoryMax=-1",
                "MemoryMax=50%",
                "Memory=1",
                "memorymax=1",
                "TasksMax=0",
                "TasksMax=x",
                "CPUWeight=0",
                "CPUWeight=10001",
                "CPUQuota=1",
                "CPUQuota=%",
                "CPUQuota=0%",
                "AllowedCPUs=",
                "AllowedCPUs=x",
                "IOReadBandwidthMax=/dev/vda",
                "IOReadBandwidthMax=vda 1M",
                "IODeviceWeight=/dev/vda 0",
                "Description=",
                "Description=a\nb",
                "IPAccounting=maybe",
                "ManagedOOMSwap=x",
                "ManagedOOMPreference=x",
                "RuntimeMaxSec=0",
                /* what would give a container something, or take its supervisor from us */
                "DeviceAllow=/dev/sda rwm",
                "Slice=x.slice",
                "Delegate=no",
                "KillMode=none",
                "User=root",
                "ExecStart=/bin/true",
                "DevicePolicy=auto",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(unit_properties_done) UnitProperties p = {};
                const char *hint = NULL;

                assert_int_equal(unit_properties_parse(&p, bad[i], &hint), -EINVAL);
                assert_non_null(startswith(hint, "must "));
                assert_int_equal(p.n, 0);
        }
}

static void test_difference(void **state) {
        _cleanup_(unit_properties_done) UnitProperties old = {}, new = {}, changed = {};
        cpu_set_t one, two;

        CPU_ZERO(&one);
        CPU_SET(0, &one);
        two = one;
        CPU_SET(1, &two);
        assert_int_equal(unit_properties_add_number(&old, "TasksMax", 1), 0);
        assert_int_equal(unit_properties_add_number(&old, "MemoryMax", 2), 0);
        assert_int_equal(unit_properties_add_set(&old, "AllowedCPUs", &one), 0);
        assert_int_equal(unit_properties_copy(&old, &new), 0);
        assert_int_equal(unit_properties_difference(&old, &new, &changed), 0);
        assert_int_equal(changed.n, 0);

        unit_properties_done(&new);
        assert_int_equal(unit_properties_add_number(&new, "TasksMax", 1), 0);
        assert_int_equal(unit_properties_add_number(&new, "MemoryMax", 3), 0);
        assert_int_equal(unit_properties_add_set(&new, "AllowedCPUs", &two), 0);
        assert_int_equal(unit_properties_add_device(&new, "IOReadIOPSMax", "/dev/vda", 7), 0);
        assert_int_equal(unit_properties_difference(&old, &new, &changed), 0);
        assert_int_equal(changed.n, 3);
        assert_null(unit_properties_find(&changed, "TasksMax"));
        assert_int_equal(unit_properties_find(&changed, "MemoryMax")->number, 3);
        assert_int_equal(unit_properties_find(&changed, "IOReadIOPSMax")->devices[0].value, 7);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_difference),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
