/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "compile-fixture.h"
#include "life-fixture.h"
#include "engine/system.h"

static Container *container(void) {
        Container *c = new0(Container, 1);
        static Engine engine;

        assert_non_null(c);
        c->engine = &engine;
        c->record = new0(ContainerRecord, 1);
        c->record->spec = new0(ContainerSpec, 1);
        c->record->name = strdup("s");
        c->record->rootfs = strdup("/srv/tree");
        c->record->spec->boot = true;
        c->state = CONTAINER_RUNNING;
        c->leader_pidfd = c->session_fd = -EBADF;
        return c;
}

static void test_notify(void **state) {
        _cleanup_(container_freep) Container *c = container();

        container_on_notify(c, "");
        container_on_notify(c, "READY=0\nREADY\n=\nSTATUS");
        assert_false(c->ready);
        assert_null(c->status_text);
        container_on_notify(c, "X_SYSTEMD_SIGNALS_LEVEL=2");
        assert_int_equal(c->signals_level, 2);
        container_on_notify(c,
                            "X_SYSTEMD_SIGNALS_LEVEL=much\nSTATUS=Up \xff\x01\xc3\xa4.\nREADY=1\nMAINPID=1");
        assert_int_equal(c->signals_level, 2);
        assert_true(c->ready);
        assert_string_equal(c->status_text, "Up ????.");
        container_forget_notify(c);
        assert_false(c->ready);
        assert_null(c->status_text);
}

static void test_reboot(void **state) {
        _cleanup_(container_freep) Container *c = container();
        const ExitRecord hangup = { .status = 129, .signal = SIGHUP }, plain = { .status = 1 };

        assert_true(system_reboots(c, &hangup));
        assert_false(system_reboots(c, &plain));
        c->kill_signal = SIGHUP;
        assert_false(system_reboots(c, &hangup));
        c->kill_signal = 0;
        c->record->spec->boot = false;
        assert_false(system_reboots(c, &hangup));
        c->record->spec->boot = true;
        c->state = CONTAINER_STOPPED;
        assert_false(system_reboots(c, &hangup));
}

/* A system that never says that it is ready can be stopped all the same. */
static void test_a_stop_does_not_wait_for_readiness(void **state) {
        _cleanup_engine_ EngineFixture f;
        Outcome start = {}, pause = {}, stop = {};
        Container *c;
        Job *j;

        engine_fixture_init(&f);
        c = container_with(&f, "sys", "notify-ready", "true");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_false(container_awaits_readiness(c));
        assert_int_equal(job_new(c, JOB_START, &JOB_PARAMETERS_DEFAULT, &j), 0);
        assert_int_equal(job_add_waiter(j, outcome_note, &start), 0);
        j->begun = true;
        LIST_APPEND(jobs, c->jobs, j);
        c->n_jobs++;
        assert_true(container_awaits_readiness(c));
        container_enqueue(c, JOB_PAUSE, &JOB_PARAMETERS_DEFAULT, outcome_note, &pause);
        assert_int_equal(start.n + pause.n, 0);
        container_enqueue(c, JOB_STOP, &JOB_PARAMETERS_DEFAULT, outcome_note, &stop);
        assert_int_equal(start.n, 1);
        assert_int_equal(start.kind, FAILURE_CANCELLED);
        assert_int_equal(pause.kind, FAILURE_CANCELLED);
        /* it has no process */
        assert_int_equal(stop.n, 1);
        assert_int_equal(stop.kind, FAILURE_INVALID_STATE);
        assert_null(c->jobs);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_notify),
                cmocka_unit_test(test_reboot),
                cmocka_unit_test(test_a_stop_does_not_wait_for_readiness),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
