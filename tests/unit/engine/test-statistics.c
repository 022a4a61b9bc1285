/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/str.h"
#include "engine/statistics.h"
#include "tmpdir.h"

static uint64_t value(const Statistics *s, Statistic key) {
        assert_true(s->is_set[key]);
        return s->values[key];
}

static void test_cgroup(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int payload = -EBADF;
        int scope = d.fd;
        Statistics s = {};

        assert_int_equal(mkdirat(scope, "payload", 0755), 0);
        payload = openat(scope, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tmpdir_write(payload, "cpu.stat", "usage_usec 300\nuser_usec 200\nsystem_usec 100\nnr_periods 0\n");
        tmpdir_write(scope, "cpu.stat", "usage_usec 999\nnr_periods 7\nnr_throttled 3\nthrottled_usec 5\n");
        tmpdir_write(payload, "memory.current", "1000\n");
        tmpdir_write(payload, "memory.max", "max\n");
        tmpdir_write(scope, "memory.max", "65536\n");
        tmpdir_write(scope, "memory.swap.max", "max\n");
        tmpdir_write(payload, "memory.stat",
                     "anon 500\nfile 400\nkernel 50\ninactive_file 100\nactive_file 300\n");
        tmpdir_write(payload, "memory.events", "low 0\noom 2\noom_kill 1\n");
        tmpdir_write(payload, "io.stat",
                     "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=0 "
                     "rios=1 wios=0 dbytes=0 dios=0\n");
        tmpdir_write(payload, "pids.current", "4\n");
        tmpdir_write(scope, "pids.max", "10\n");
        tmpdir_write(payload, "memory.pressure",
                     "some avg10=1.50 avg60=0.25 avg300=0.00 total=12\n"
                     "full avg10=1.00 avg60=0.00 avg300=0.00 total=7\n");
        tmpdir_write(payload, "cpu.pressure", "garbage\n");

        statistics_read_cgroup(payload, scope, &s);
        assert_int_equal(value(&s, STATISTIC_CPU_USAGE_USEC), 300);
        assert_int_equal(value(&s, STATISTIC_CPU_PERIODS), 7);
        assert_int_equal(value(&s, STATISTIC_CPU_THROTTLED_USEC), 5);
        assert_int_equal(value(&s, STATISTIC_MEMORY_USAGE), 900);
        assert_int_equal(value(&s, STATISTIC_MEMORY_LIMIT), 65536);
        assert_int_equal(value(&s, STATISTIC_MEMORY_OOM_KILLS), 1);
        assert_false(s.is_set[STATISTIC_MEMORY_SWAP_LIMIT]);
        assert_false(s.is_set[STATISTIC_MEMORY_PEAK]);
        assert_int_equal(value(&s, STATISTIC_IO_READ_BYTES), 15);
        assert_int_equal(value(&s, STATISTIC_IO_WRITE_OPERATIONS), 2);
        assert_int_equal(value(&s, STATISTIC_TASKS), 4);
        assert_int_equal(value(&s, STATISTIC_TASKS_LIMIT), 10);
        assert_true(s.pressure[PRESSURE_MEMORY_SOME].is_set);
        assert_true(s.pressure[PRESSURE_MEMORY_SOME].average10 == 1.5);
        assert_int_equal(s.pressure[PRESSURE_MEMORY_FULL].total_usec, 7);
        assert_false(s.pressure[PRESSURE_CPU_SOME].is_set);
        assert_false(s.pressure[PRESSURE_IO_SOME].is_set);
}

/* Without controllers there is little, and tasks are counted. */
static void test_bare(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int inner = -EBADF;
        int scope = d.fd;
        Statistics s = {};

        assert_int_equal(mkdirat(scope, "inner", 0755), 0);
        inner = openat(scope, "inner", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tmpdir_write(scope, "cgroup.threads", "1\n2\n");
        tmpdir_write(inner, "cgroup.threads", "3\n");
        statistics_read_cgroup(scope, scope, &s);
        assert_int_equal(value(&s, STATISTIC_TASKS), 3);
        for (int i = 0; i < _STATISTIC_MAX; i++)
                assert_int_equal(s.is_set[i], i == STATISTIC_TASKS);
}

static void test_network(void **state) {
        Statistics s = {};

        statistics_parse_network(
                        "Inter-|   Receive                                                |  Transmit\n"
                        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                        "packets\n"
                        "    lo:     100       1    0    0    0     0          0         0      100       1 "
                        "   0    0    0     0       0          0\n"
                        "  eth0: 1000      10    1    2    0     0          0         0     2000      20    "
                        "3 "
                        "   4    0     0       0          0\n"
                        " host0:1        1    0    0    0     0          0         0     1      1    0 "
                        "   0    0     0       0          0\n",
                        &s);
        assert_int_equal(value(&s, STATISTIC_NETWORK_RECEIVED_BYTES), 1001);
        assert_int_equal(value(&s, STATISTIC_NETWORK_RECEIVED_DROPPED), 2);
        assert_int_equal(value(&s, STATISTIC_NETWORK_SENT_BYTES), 2001);
        assert_int_equal(value(&s, STATISTIC_NETWORK_SENT_ERRORS), 3);
        statistics_parse_network("", &s);
        assert_int_equal(value(&s, STATISTIC_NETWORK_RECEIVED_BYTES), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cgroup),
                cmocka_unit_test(test_bare),
                cmocka_unit_test(test_network),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
