/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/statistics.h"

#include "basic/macro.h"

#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static void test_round_trip(void **state) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        Statistics s = {}, back;
        int p[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, p[0], p[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_message_new_signal(bus, &m, "/x", "a.b", "C") >= 0);

        s.values[STATISTIC_TASKS] = 7;
        s.is_set[STATISTIC_TASKS] = true;
        s.pressure[PRESSURE_IO_FULL] = (Pressure){ true, 1.5, 2.5, 3.5, 4 };
        assert_true(statistics_append(m, &s) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_int_equal(statistics_read(m, &back), 0);
        assert_memory_equal(back.values, s.values, sizeof(s.values));
        assert_memory_equal(back.is_set, s.is_set, sizeof(s.is_set));
        assert_true(back.pressure[PRESSURE_IO_FULL].is_set);
        assert_true(back.pressure[PRESSURE_IO_FULL].average300 == 3.5);
        assert_int_equal(back.pressure[PRESSURE_IO_FULL].total_usec, 4);
        assert_false(back.pressure[PRESSURE_CPU_SOME].is_set);
        (void) close(p[1]);
}

static void test_unknown_keys(void **state) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        Statistics back;
        int p[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, p[0], p[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_message_new_signal(bus, &m, "/x", "a.b", "C") >= 0);
        assert_true(sd_bus_message_append(m, "a{sv}", 2, "Newer", "s", "x", "Tasks", "t", (uint64_t) 3) >=
                    0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_int_equal(statistics_read(m, &back), 0);
        assert_int_equal(back.values[STATISTIC_TASKS], 3);
        (void) close(p[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_unknown_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
