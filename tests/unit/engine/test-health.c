/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "life-fixture.h"

#include "basic/file.h"
#include "engine/health.h"

static void on_checked(Container *c, const HealthResult *result, const Failure *f, void *userdata) {
        fail();
}

static void test_without_a_check(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_true(health_run(c, on_checked, NULL, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        health_begin(c, false);
        assert_null(c->health);
        assert_int_equal(health_status(c), HEALTH_NONE);
        assert_null(health_log_of(c));
        assert_true(health_run(c, on_checked, NULL, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_one_run(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        ExitRecord exit = { .status = 1 };
        Container *c;
        int n = 0;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "health-cmd", "true");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        health_begin(c, false);
        assert_int_equal(health_status(c), HEALTH_STARTING);
        assert_int_equal(health_log_of(c)->n_results, 0);
        /* there is no process to run it beside, which is no result */
        assert_true(health_run(c, on_checked, &n, &failure) < 0);
        assert_true(sd_event_run(f.engine.event, UINT64_MAX) > 0);
        assert_int_equal(health_log_of(c)->n_results, 0);
        assert_int_equal(container_move(c, CONTAINER_EVENT_PAUSED, NULL), 0);
        assert_int_equal(health_status(c), HEALTH_STARTING);
        assert_int_equal(container_move(c, CONTAINER_EVENT_RESUMED, NULL), 0);
        container_on_exited(c, &exit);
        assert_int_equal(health_status(c), HEALTH_NONE);
        assert_non_null(health_log_of(c));
}

static void test_a_later_creeld_goes_on(void **state) {
        static const char text[] = "{\"Status\":\"unhealthy\",\"FailingStreak\":4,\"Log\":[],\"Startup\":"
                                   "{\"Successes\":0,\"Failures\":0,\"Over\":true}}";
        _cleanup_engine_ EngineFixture f;
        _cleanup_close_ int fd = -EBADF;
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "health-cmd", "true");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(container_runtime_open(f.engine.store, c->record->id, &fd), 0);
        assert_int_equal(file_write_atomic(fd, "health.json", text, strlen(text), 0600, 0), 0);
        health_begin(c, true);
        assert_int_equal(health_status(c), HEALTH_UNHEALTHY);
        assert_int_equal(health_log_of(c)->n_failing, 4);
        /* damaged, or of an earlier run */
        assert_int_equal(file_write_atomic(fd, "health.json", "{}", 2, 0600, 0), 0);
        health_begin(c, true);
        assert_int_equal(health_status(c), HEALTH_STARTING);
        health_begin(c, false);
        assert_int_equal(health_status(c), HEALTH_STARTING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_a_check),
                cmocka_unit_test(test_one_run),
                cmocka_unit_test(test_a_later_creeld_goes_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
