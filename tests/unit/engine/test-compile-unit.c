/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/compile-unit.h"
#include "compile-fixture.h"

/* Options as pairs of key and text; the properties, or NULL where they are refused with a line that has
 * @refusal. */
static UnitProperties properties_of(const char *const *options, const char *refusal) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
        _cleanup_failure_ Failure f = {};
        UnitProperties p = {};
        const char *hint;
        int r;

        for (; *options; options += 2)
                assert_int_equal(container_spec_set_text(spec, container_spec_find(options[0]), options[1],
                                                         &hint),
                                 0);
        r = compile_unit(spec, &p, &f);
        if (!refusal) {
                assert_int_equal(r, 0);
                return p;
        }
        assert_true(r < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(f.text, refusal));
        return p;
}

#define PROPERTIES(...) properties_of((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, NULL)
#define REFUSED(refusal, ...) \
        (void) properties_of((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, refusal)

static uint64_t number(const UnitProperties *p, const char *name) {
        const UnitProperty *item = unit_properties_find(p, name);

        assert_non_null(item);
        return item->number;
}

static void test_memory(void **state) {
        _cleanup_(unit_properties_done)
                        UnitProperties none = PROPERTIES(),
                                       half = PROPERTIES("memory", "64m"),
                                       total = PROPERTIES("memory", "64m", "memory-swap", "96m",
                                                          "memory-reservation", "32m"),
                                       endless = PROPERTIES("memory", "64m", "memory-swap", "-1"),
                                       without = PROPERTIES("memory", "64m", "memory-swap", "64m"),
                                       lifted = PROPERTIES("memory", "0");

        assert_int_equal(none.n, 1);
        assert_int_equal(number(&none, "TasksMax"), TASKS_MAX_DEFAULT);
        assert_int_equal(number(&half, "MemoryMax"), 64 << 20);
        assert_int_equal(number(&half, "MemorySwapMax"), 64 << 20);
        assert_int_equal(number(&total, "MemorySwapMax"), 32 << 20);
        assert_int_equal(number(&total, "MemoryLow"), 32 << 20);
        assert_true(number(&endless, "MemorySwapMax") == UINT64_MAX);
        assert_int_equal(number(&without, "MemorySwapMax"), 0);
        assert_true(number(&lifted, "MemoryMax") == UINT64_MAX);
        assert_true(number(&lifted, "MemorySwapMax") == UINT64_MAX);
        REFUSED("--memory-swap", "memory-swap", "64m");
        REFUSED("--memory-swap", "memory", "64m", "memory-swap", "32m");
        REFUSED("--memory-reservation", "memory", "64m", "memory-reservation", "65m");
        REFUSED("--memory-swappiness", "memory-swappiness", "60");
        REFUSED("--oom-kill-disable", "oom-kill-disable", NULL);
}

static void test_cpu(void **state) {
        _cleanup_(unit_properties_done)
                        UnitProperties cpus = PROPERTIES("cpus", "1.5"),
                                       quota = PROPERTIES("cpu-quota", "50000"),
                                       period = PROPERTIES("cpu-quota", "50000", "cpu-period", "20000"),
                                       usual = PROPERTIES("cpu-shares", "1024"),
                                       least = PROPERTIES("cpu-shares", "2"),
                                       most = PROPERTIES("cpu-shares", "262144"),
                                       set = PROPERTIES("cpuset-cpus", "0");

        assert_int_equal(number(&cpus, "CPUQuotaPerSecUSec"), 1500000);
        assert_null(unit_properties_find(&cpus, "CPUQuotaPeriodUSec"));
        assert_int_equal(number(&quota, "CPUQuotaPerSecUSec"), 500000);
        assert_int_equal(number(&period, "CPUQuotaPerSecUSec"), 2500000);
        assert_int_equal(number(&period, "CPUQuotaPeriodUSec"), 20000);
        assert_int_equal(number(&usual, "CPUWeight"), 100);
        assert_int_equal(number(&least, "CPUWeight"), 1);
        assert_int_equal(number(&most, "CPUWeight"), 10000);
        assert_int_equal(unit_properties_find(&set, "AllowedCPUs")->bitmap[0], 1);
        REFUSED("--cpus", "cpus", "1", "cpu-quota", "50000");
        REFUSED("--cpus", "cpus", "1", "cpu-period", "50000");
        REFUSED("--cpuset-cpus", "cpuset-cpus", "0,1000");
        REFUSED("--cpu-rt-runtime", "cpu-rt-runtime", "1000");
        REFUSED("--cpu-rt-period", "cpu-rt-period", "1000");
}

static void test_io(void **state) {
        _cleanup_(unit_properties_done) UnitProperties least = PROPERTIES("blkio-weight", "10"),
                                                       most = PROPERTIES("blkio-weight", "1000");

        assert_int_equal(number(&least, "IOWeight"), 1);
        assert_int_equal(number(&most, "IOWeight"), 10000);
        REFUSED("/dev/no-such-disk", "device-read-bps", "/dev/no-such-disk:1m");
        REFUSED("/dev/null", "device-write-iops", "/dev/null:10");
        REFUSED("--blkio-weight-device", "blkio-weight-device", "/dev/null:100");
}

static void test_cgroups(void **state) {
        _cleanup_(unit_properties_done) UnitProperties p = PROPERTIES("cgroups", "no-conmon", "pids-limit",
                                                                      "-1", "property", "CPUWeight=7"),
                                                       tasks = PROPERTIES("property", "TasksMax=9");

        assert_true(number(&p, "TasksMax") == UINT64_MAX);
        assert_int_equal(number(&p, "CPUWeight"), 7);
        assert_int_equal(number(&tasks, "TasksMax"), 9);
        REFUSED("--cgroups=disabled", "cgroups", "disabled");
        REFUSED("--cgroups=split", "cgroups", "split");
        REFUSED("MemoryMax=1G", "memory", "64m", "property", "MemoryMax=1G");
}

static void test_unified(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"true\"]");
        _cleanup_json_ json_object *plain = compile(&c), *full = NULL;
        json_object *unified;
        const char *s = NULL;

        assert_null(json_object_object_get(at(plain, "linux", json_type_object), "resources"));
        set(&c, "cgroup-conf", "memory.high=1048576");
        set(&c, "oom-policy", "kill");
        full = compile(&c);
        unified = at(at(at(full, "linux", json_type_object), "resources", json_type_object), "unified",
                     json_type_object);
        assert_int_equal(json_get_string(unified, "memory.high", &s), 0);
        assert_string_equal(s, "1048576");
        assert_int_equal(json_get_string(unified, "memory.oom.group", &s), 0);
        assert_string_equal(s, "1");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory),  cmocka_unit_test(test_cpu),     cmocka_unit_test(test_io),
                cmocka_unit_test(test_cgroups), cmocka_unit_test(test_unified),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
