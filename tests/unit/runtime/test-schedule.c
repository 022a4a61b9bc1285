/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/ioprio.h>
#include <sys/syscall.h>

#include "basic/str.h"
#include "runtime/schedule.h"

#include "child.h"
#include "test.h"

static void applies(void) {
        RuntimeProcess p = {
                .scheduler = { .set = true, .policy = SCHED_BATCH, .nice = 7 },
                .io_priority = { .set = true, .class = IOPRIO_CLASS_BE, .priority = 6 },
        };
        cpu_set_t set;

        CHECK(schedule_apply(&p, NULL) == 0);
        CHECK(sched_getscheduler(0) == SCHED_BATCH && nice(0) == 7);
        CHECK(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0) == IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
        CHECK(schedule_set_cpus("0", NULL) == 0);
        CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
}

static void refuses(void) {
        RuntimeProcess p = { .scheduler = { .set = true, .policy = SCHED_FIFO, .priority = 1000 } };
        Failure f = {};

        CHECK(schedule_apply(&p, &f) < 0 && strstr(f.text, "process.scheduler"));
        p = (RuntimeProcess){ .io_priority = { .set = true, .class = 7, .priority = 6 } };
        CHECK(schedule_apply(&p, &f) < 0 && strstr(f.text, "process.ioPriority"));
        CHECK(schedule_set_cpus("1023", &f) < 0 && strstr(f.text, "CPUs 1023"));
        CHECK(schedule_apply(&(RuntimeProcess){}, NULL) == 0 && schedule_set_cpus(NULL, NULL) == 0);
        failure_done(&f);
}

static void test_applies(void **state) {
        assert_int_equal(run_isolated(applies), 0);
}

static void test_refuses(void **state) {
        assert_int_equal(run_isolated(refuses), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_applies),
                cmocka_unit_test(test_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
