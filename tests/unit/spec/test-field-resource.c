/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/field-resource.h"
#include "basic/str.h"

#include "test.h"

static void test_strings(void **state) {
        static const struct {
                const char *(*check)(const void *value);
                const char *good[3], *bad[6];
        } rows[] = {
                { field_check_slice,
                  { "machine.slice", "a-b.slice", "-.slice" },
                  { "machine", ".slice", "a/b.slice", "a--b.slice", "-a.slice", "a-.slice" } },
                { field_check_cpu_set, { "0", "0-3,7" }, { "", "x", "3-1", "-1" } },
                { field_check_cgroups, { "enabled", "no-conmon", "split" }, { "", "x" } },
                { field_check_oom_policy, { "continue", "kill" }, { "", "stop" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                for (size_t k = 0; k < ELEMENTSOF(rows[i].good) && rows[i].good[k]; k++)
                        assert_null(rows[i].check(&rows[i].good[k]));
                for (size_t k = 0; k < ELEMENTSOF(rows[i].bad) && rows[i].bad[k]; k++)
                        assert_non_null(startswith(rows[i].check(&rows[i].bad[k]), "must be "));
        }
}

static void test_numbers(void **state) {
        static const struct {
                const char *(*check)(const void *value);
                int64_t good[4], bad[3];
        } rows[] = {
                { field_check_memory, { 0, 6 << 20, INT64_MAX, 6 << 20 }, { 1, (6 << 20) - 1, -1 } },
                { field_check_memory_swap, { -1, 0, 1, INT64_MAX }, { -2, INT64_MIN, -3 } },
                { field_check_swappiness, { -1, 0, 100, 1 }, { -2, 101, INT64_MAX } },
                { field_check_cpu_shares, { 0, 2, 1024, 262144 }, { 1, -1, 262145 } },
                { field_check_cpu_quota, { -1, 0, 1000, 100000 }, { -2, 999, INT64_MAX } },
                { field_check_cpu_period, { 0, 1000, 100000, 1000000 }, { -1, 999, 1000001 } },
                { field_check_blkio_weight, { 0, 10, 500, 1000 }, { -1, 9, 1001 } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                for (size_t k = 0; k < ELEMENTSOF(rows[i].good); k++)
                        assert_null(rows[i].check(&rows[i].good[k]));
                for (size_t k = 0; k < ELEMENTSOF(rows[i].bad); k++)
                        assert_non_null(startswith(rows[i].check(&rows[i].bad[k]), "must be "));
        }
}

static void test_lists(void **state) {
        const char *const bytes[] = { "/dev/sda:1m", NULL }, *const weight[] = { "/dev/sda:500", NULL },
                          *const bad[] = { "/dev/sda:1m", "x", NULL },
                          *const conf[] = { "memory.high=1", "hugetlb.2MB.max=0", NULL },
                          *const core[] = { "memory.high=1", "cgroup.freeze=1", NULL },
                          *const properties[] = { "TasksMax=1", "CPUWeight=2", NULL },
                          *const twice[] = { "TasksMax=1", "TasksMax=2", NULL };

        assert_null(field_check_device_bytes(&(const char *const *){ bytes }));
        assert_null(field_check_device_weight(&(const char *const *){ weight }));
        assert_non_null(field_check_device_bytes(&(const char *const *){ bad }));
        assert_non_null(field_check_device_count(&(const char *const *){ bad }));
        assert_null(field_check_cgroup_conf(&(const char *const *){ conf }));
        assert_non_null(field_check_cgroup_conf(&(const char *const *){ core }));
        assert_null(field_check_unit_properties(&(const char *const *){ properties }));
        assert_non_null(strstr(field_check_unit_properties(&(const char *const *){ twice }), "twice"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
