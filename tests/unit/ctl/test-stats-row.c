/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "ctl/stats-row.h"
#include "spec/json.h"

#include "test.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define START (1000 * USEC_PER_SEC)

static const ContainerInfo info = {
        .id = (char *) ID64, .name = (char *) "web", .state = (char *) "running", .started_usec = START
};

static void put(Statistics *s, Statistic key, uint64_t value) {
        s->values[key] = value;
        s->is_set[key] = true;
}

static Statistics sample(uint64_t at_usec, uint64_t cpu_usec) {
        Statistics s = {};

        put(&s, STATISTIC_MONOTONIC_USEC, at_usec);
        put(&s, STATISTIC_CPU_USAGE_USEC, cpu_usec);
        put(&s, STATISTIC_TASKS, 3);
        return s;
}

static void test_cpu(void **state) {
        Statistics before = sample(5 * USEC_PER_SEC, 2 * USEC_PER_SEC),
                   s = sample(7 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        StatsRow row;

        /* three seconds in two */
        stats_row_fill(&row, &info, &s, &before, START + 10 * USEC_PER_SEC, false);
        assert_string_equal(row.id, "0123456789ab");
        assert_string_equal(row.name, "web");
        assert_string_equal(row.cpu_percent, "150.00%");
        assert_string_equal(row.average_cpu, "50.00%");
        assert_string_equal(row.cpu_time, "5s");
        assert_string_equal(row.tasks, "3");
        /* since the start */
        stats_row_fill(&row, &info, &s, NULL, START + 10 * USEC_PER_SEC, true);
        assert_string_equal(row.id, ID64);
        assert_string_equal(row.cpu_percent, "50.00%");
        /* a clock that was set back, a container that was started again */
        stats_row_fill(&row, &info, &s, NULL, START - 1, false);
        assert_string_equal(row.cpu_percent, "0.00%");
        stats_row_fill(&row, &info, &before, &s, START + 10 * USEC_PER_SEC, false);
        assert_string_equal(row.cpu_percent, "0.00%");
}

static void test_memory(void **state) {
        Statistics s = sample(1, 1);
        StatsRow row;

        put(&s, STATISTIC_MEMORY_USAGE, 1500000);
        put(&s, STATISTIC_MEMORY_LIMIT, 6000000);
        put(&s, STATISTIC_IO_READ_BYTES, 0);
        put(&s, STATISTIC_IO_WRITE_BYTES, 4096);
        stats_row_fill(&row, &info, &s, NULL, START, false);
        assert_string_equal(row.memory_usage, "1.5MB / 6MB");
        assert_string_equal(row.memory_percent, "25.00%");
        assert_string_equal(row.block_io, "0B / 4.1kB");
        assert_string_equal(row.network_io, "-- / --");
}

static void test_absent(void **state) {
        StatsRow row;

        stats_row_fill(&row, &info, NULL, NULL, START, false);
        assert_string_equal(row.cpu_percent, "--");
        assert_string_equal(row.memory_usage, "-- / --");
        assert_string_equal(row.memory_percent, "--");
        assert_string_equal(row.tasks, "--");
        assert_string_equal(row.cpu_time, "--");
}

static void test_objects(void **state) {
        _cleanup_json_ json_object *o = NULL, *text = NULL, *none = NULL;
        Statistics s = sample(1, 1);
        json_object *pressure, *io;
        const char *string = NULL;
        StatsRow row;
        uint64_t n;

        s.pressure[PRESSURE_IO_SOME] = (Pressure){ true, 1.5, 0, 0, 12 };
        stats_row_fill(&row, &info, &s, NULL, START, false);
        assert_int_equal(stats_row_to_json(&row, &s, &o), 0);
        assert_int_equal(json_get_string(o, "cpu_percent", &string), 0);
        assert_int_equal(json_get(o, "pressure", json_type_object, &pressure), 0);
        assert_null(json_object_object_get(pressure, "cpu"));
        io = json_object_object_get(json_object_object_get(pressure, "io"), "some");
        assert_int_equal(json_get_u64(io, "total_usec", &n), 0);
        assert_int_equal(n, 12);

        assert_int_equal(stats_row_to_text(&row, &info, &s, START, &text), 0);
        assert_int_equal(json_get_string(text, "PIDs", &string), 0);
        assert_string_equal(string, "3");
        assert_int_equal(stats_row_to_text(&row, &info, NULL, START, &none), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cpu),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_objects),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
