/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "life-fixture.h"

#include "engine/restart.h"

static void test_back_off(void **state) {
        uint64_t delay = 0, sum = 0;

        for (int i = 0; i < 20; i++) {
                uint64_t next = restart_delay(delay, 0);

                assert_int_equal(next,
                                 i == 0 ? RESTART_DELAY_MIN_USEC : MIN(delay * 2, RESTART_DELAY_MAX_USEC));
                delay = next;
                sum += i < 10 ? delay : 0;
        }
        assert_int_equal(delay, RESTART_DELAY_MAX_USEC);
        /* 0.1 + 0.2 + ... + 51.2 s */
        assert_int_equal(sum, 102300 * USEC_PER_MSEC);
        /* a run that is long enough starts afresh, one that is not goes on */
        assert_int_equal(restart_delay(delay, RESTART_RESET_USEC), RESTART_DELAY_MIN_USEC);
        assert_int_equal(restart_delay(delay, RESTART_RESET_USEC - 1), RESTART_DELAY_MAX_USEC);
        assert_int_equal(restart_delay(UINT64_MAX / 2, 0), RESTART_DELAY_MAX_USEC);
}

static ExitRecord exit_with(int status, int signal) {
        return (ExitRecord){ .status = status,
                             .signal = signal,
                             .finished_usec = clock_now_realtime_usec() };
}

static void test_exits(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord bad = exit_with(1, 0), good = exit_with(0, 0);
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "restart", "on-failure:2");
        for (unsigned i = 1; i <= 2; i++) {
                assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
                container_on_exited(c, &bad);
                assert_int_equal(c->state, CONTAINER_RESTARTING);
                assert_int_equal(c->record->n_restarts, i);
                assert_non_null(c->restart_timer);
        }
        assert_int_equal(c->restart_delay_usec, 2 * RESTART_DELAY_MIN_USEC);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        container_on_exited(c, &bad);
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_int_equal(c->record->n_restarts, 2);

        c = container_with(&f, "fine", "restart", "on-failure");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        container_on_exited(c, &good);
        assert_int_equal(c->state, CONTAINER_STOPPED);
}

static void test_a_user_ends_it(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord killed = exit_with(137, SIGKILL);
        Outcome o = {};
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "restart", "always");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        c->kill_signal = SIGKILL;
        container_on_exited(c, &killed);
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_true(c->record->stopped_by_user);

        /* systemd's stop of the scope holds until the next boot */
        c = container_with(&f, "unit", "restart", "always");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        killed.asked = true;
        container_on_exited(c, &killed);
        killed.asked = false;
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_false(c->record->stopped_by_user);

        /* and a stop while it waits */
        c = container_with(&f, "db", "restart", "always");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        container_on_exited(c, &killed);
        assert_int_equal(c->state, CONTAINER_RESTARTING);
        container_enqueue(c, JOB_REMOVE, &JOB_PARAMETERS_DEFAULT, outcome_note, &o);
        assert_int_equal(o.kind, FAILURE_INVALID_STATE);
        container_enqueue(c, JOB_STOP, &JOB_PARAMETERS_DEFAULT, outcome_note, &o);
        assert_int_equal(o.kind, -1);
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_null(c->restart_timer);
        assert_true(c->record->stopped_by_user);
}

static void test_an_attempt_that_fails_is_followed_by_another(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord bad = exit_with(1, 0);
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "restart", "on-failure:2");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        container_on_exited(c, &bad);
        /* there are no layers: the attempt fails, counts, and so does the next, which is the last */
        while (c->record->n_restarts < 2)
                assert_true(sd_event_run(f.engine.event, UINT64_MAX) >= 0);
        assert_int_equal(c->state, CONTAINER_RESTARTING);
        while (c->state == CONTAINER_RESTARTING)
                assert_true(sd_event_run(f.engine.event, UINT64_MAX) >= 0);
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_int_equal(c->record->n_restarts, 2);
        assert_non_null(c->record->error);
}

static bool is_started(Container *c) {
        /* the attempt fails at once, for want of layers */
        return c->record->error;
}

static void test_after_a_boot(void **state) {
        static const struct {
                const char *policy;
                bool by_user, started;
        } cases[] = {
                { "no", false, false },
                { "on-failure", false, false },
                { "always", false, true },
                { "always", true, true },
                { "unless-stopped", false, true },
                { "unless-stopped", true, false },
        };
        ExitRecord lost = exit_with(137, SIGKILL);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_engine_ EngineFixture f;
                Container *c;

                engine_fixture_init(&f);
                c = container_with(&f, "web", "restart", cases[i].policy);
                (void) container_with(&f, "never-ran", "restart", "always");
                assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
                c->record->stopped_by_user = true;
                container_on_exited(c, &lost);
                c->record->stopped_by_user = cases[i].by_user;
                f.engine.first_of_boot = true;
                restart_start_wanted(&f.engine);
                assert_int_equal(is_started(c), cases[i].started);
                assert_false(is_started(hashmap_get(f.engine.containers_by_name, "never-ran")));
                assert_false(f.engine.first_of_boot);
        }
}

/* systemd may answer an update after the end: the job waits for that, and a start for the job. */
static void test_an_update_outlives_the_run(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord bad = exit_with(1, 0);
        Outcome update = {}, start = {};
        Container *c;
        Job *j;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(job_new(c, JOB_UPDATE, &JOB_PARAMETERS_DEFAULT, &j), 0);
        assert_int_equal(job_add_waiter(j, outcome_note, &update), 0);
        j->begun = true;
        LIST_APPEND(jobs, c->jobs, j);
        c->n_jobs++;
        container_on_exited(c, &bad);
        assert_int_equal(c->state, CONTAINER_STOPPED);
        assert_int_equal(update.n, 0);
        container_enqueue(c, JOB_START, &JOB_PARAMETERS_DEFAULT, outcome_note, &start);
        assert_int_equal(start.n, 0);
        container_job_done(c, NULL);
        assert_int_equal(update.kind, -1);
        assert_int_equal(start.n, 1);
}

/* What is removed at its end may have a removal in its queue. */
static void test_a_removal_waits_for_the_end(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord end = exit_with(137, SIGKILL);
        Outcome stop = {}, removal = {};
        Container *c;
        Job *j;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "rm", "true");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(job_new(c, JOB_STOP, &JOB_PARAMETERS_DEFAULT, &j), 0);
        assert_int_equal(job_add_waiter(j, outcome_note, &stop), 0);
        j->begun = true;
        LIST_APPEND(jobs, c->jobs, j);
        c->n_jobs++;
        container_enqueue(c, JOB_REMOVE, &JOB_PARAMETERS_DEFAULT, outcome_note, &removal);
        assert_int_equal(removal.n, 0);
        container_on_exited(c, &end);
        assert_int_equal(stop.n, 1);
        assert_int_equal(stop.kind, -1);
        assert_int_equal(removal.n, 1);
        assert_int_equal(removal.kind, -1);
        assert_null(hashmap_get(f.engine.containers_by_name, "web"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_back_off),
                cmocka_unit_test(test_exits),
                cmocka_unit_test(test_a_user_ends_it),
                cmocka_unit_test(test_an_attempt_that_fails_is_followed_by_another),
                cmocka_unit_test(test_after_a_boot),
                cmocka_unit_test(test_an_update_outlives_the_run),
                cmocka_unit_test(test_a_removal_waits_for_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
