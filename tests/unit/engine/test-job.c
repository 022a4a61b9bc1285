/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/job.h"

#include <fcntl.h>

#include "test.h"

static void test_merge_table(void **state) {
        /* A start in the queue gives way to its opposite, a removal lets nothing but itself through, and who
         * stops cannot be paused. */
        static const JobMerge expected[_JOB_TYPE_MAX][_JOB_TYPE_MAX] = {
                /* start, stop, remove, restart, pause, unpause, update */
                { JOB_REFUSE, JOB_REPLACE, JOB_REPLACE, JOB_QUEUE, JOB_QUEUE, JOB_QUEUE },
                { JOB_QUEUE, JOB_JOIN, JOB_QUEUE, JOB_QUEUE, JOB_REFUSE, JOB_REFUSE },
                { JOB_REFUSE, JOB_REFUSE, JOB_JOIN, JOB_REFUSE, JOB_REFUSE, JOB_REFUSE, JOB_REFUSE },
                { JOB_QUEUE, JOB_REPLACE, JOB_REPLACE, JOB_JOIN, JOB_QUEUE, JOB_QUEUE },
                { JOB_QUEUE, JOB_REPLACE, JOB_REPLACE, JOB_REPLACE, JOB_JOIN, JOB_QUEUE },
                { JOB_QUEUE, JOB_QUEUE, JOB_QUEUE, JOB_QUEUE, JOB_QUEUE, JOB_JOIN },
                {}, /* an update: everything waits for it, and it waits for all but a removal */
        };

        for (int last = 0; last < _JOB_TYPE_MAX; last++)
                for (int new = 0; new < _JOB_TYPE_MAX; new++)
                        assert_int_equal(job_merge((JobType) last, (JobType) new), expected[last][new]);
}

static void count(Container *c, const Failure *f, void *userdata) {
        *(int *) userdata += f ? 100 : 1;
}

static void test_settle_tells_every_waiter_once(void **state) {
        Failure failure = { FAILURE_BUSY, (char *) "busy" };
        int n = 0;
        Job *j;

        assert_int_equal(job_new(NULL, JOB_STOP, &JOB_PARAMETERS_DEFAULT, &j), 0);
        assert_int_equal(job_add_waiter(j, count, &n), 0);
        assert_int_equal(job_add_waiter(j, count, &n), 0);
        assert_int_equal(job_add_waiter(j, NULL, NULL), 0);
        job_settle(j, NULL);
        assert_int_equal(n, 2);

        assert_int_equal(job_new(NULL, JOB_STOP, &JOB_PARAMETERS_DEFAULT, &j), 0);
        assert_int_equal(job_add_waiter(j, count, &n), 0);
        job_settle(j, &failure);
        assert_int_equal(n, 102);
}

static void test_waiters_are_bounded(void **state) {
        int n = 0;
        Job *j;

        assert_int_equal(job_new(NULL, JOB_STOP, &JOB_PARAMETERS_DEFAULT, &j), 0);
        for (int i = 0; i < JOB_WAITERS_MAX; i++)
                assert_int_equal(job_add_waiter(j, count, &n), 0);
        assert_int_equal(job_add_waiter(j, count, &n), -E2BIG);
        job_settle(j, NULL);
        assert_int_equal(n, JOB_WAITERS_MAX);
}

static void test_fds_are_closed_with_the_job(void **state) {
        JobParameters p = JOB_PARAMETERS_DEFAULT;
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        Job *j;

        p.fds.session = fd;
        assert_int_equal(job_new(NULL, JOB_START, &p, &j), 0);
        (void) job_free(j);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_names(void **state) {
        for (int i = 0; i < _JOB_TYPE_MAX; i++)
                assert_int_equal(job_type_from_string(job_type_to_string((JobType) i)), i);
        assert_int_equal(job_type_from_string("dance"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge_table),
                cmocka_unit_test(test_settle_tells_every_waiter_once),
                cmocka_unit_test(test_waiters_are_bounded),
                cmocka_unit_test(test_fds_are_closed_with_the_job),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
