/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/update.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

static ContainerSpec *spec_of(const char *const *options) {
        ContainerSpec *spec = new0(ContainerSpec, 1);
        const char *hint;

        for (; *options; options += 2)
                assert_int_equal(container_spec_set_text(spec, container_spec_find(options[0]), options[1],
                                                         &hint),
                                 0);
        return spec;
}

#define SPEC(...) spec_of((const char *const[]){ __VA_ARGS__, NULL })

static void test_limits(void **state) {
        _cleanup_(container_spec_freep)
                        ContainerSpec *base = SPEC("name", "web", "memory", "64m", "pids-limit", "10"),
                                      *update = SPEC("memory", "128m"), *merged = NULL;
        _cleanup_(unit_properties_done) UnitProperties changed = {};

        assert_int_equal(update_compile(base, update, &merged, &changed, NULL), 0);
        assert_string_equal(merged->name, "web");
        assert_int_equal(merged->memory_bytes, 128 << 20);
        assert_int_equal(merged->pids_limit, 10);
        assert_int_equal(changed.n, 2);
        assert_int_equal(unit_properties_find(&changed, "MemoryMax")->number, 128 << 20);
        assert_int_equal(unit_properties_find(&changed, "MemorySwapMax")->number, 128 << 20);
        assert_int_equal(base->memory_bytes, 64 << 20);
}

static void test_cpu_limit(void **state) {
        _cleanup_(container_spec_freep)
                        ContainerSpec *cpus = SPEC("cpus", "2"),
                                      *quota = SPEC("cpu-quota", "5000", "cpu-period", "10000"),
                                      *period = SPEC("cpu-period", "10000"), *to_quota = NULL,
                                      *to_cpus = NULL, *none = NULL;
        _cleanup_(unit_properties_done) UnitProperties a = {}, b = {}, c = {};
        _cleanup_failure_ Failure f = {};

        assert_int_equal(update_compile(cpus, quota, &to_quota, &a, NULL), 0);
        assert_true(to_quota->cpus == 0);
        assert_int_equal(unit_properties_find(&a, "CPUQuotaPerSecUSec")->number, 500000);
        assert_int_equal(unit_properties_find(&a, "CPUQuotaPeriodUSec")->number, 10000);

        assert_int_equal(update_compile(quota, cpus, &to_cpus, &b, NULL), 0);
        assert_int_equal(to_cpus->cpu_quota_usec, 0);
        assert_int_equal(unit_properties_find(&b, "CPUQuotaPerSecUSec")->number, 2000000);
        assert_true(unit_properties_find(&b, "CPUQuotaPeriodUSec")->number == UINT64_MAX);

        assert_true(update_compile(cpus, period, &none, &c, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        assert_null(none);
}

static void test_refused(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *base = SPEC("memory", "64m", "memory-swap", "96m"),
                                                      *update = SPEC("memory", "128m"), *merged = NULL;
        _cleanup_(unit_properties_done) UnitProperties changed = {};
        _cleanup_failure_ Failure f = {};

        assert_true(update_compile(base, update, &merged, &changed, &f) < 0);
        assert_non_null(strstr(f.text, "--memory-swap"));
        assert_null(merged);
        assert_int_equal(changed.n, 0);
}

static void test_nothing(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *base = SPEC("memory", "64m"), *merged = NULL;
        _cleanup_(unit_properties_done) UnitProperties changed = {};

        assert_int_equal(update_compile(base, base, &merged, &changed, NULL), 0);
        assert_int_equal(changed.n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_cpu_limit),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
