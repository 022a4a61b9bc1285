/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "life-fixture.h"

static void test_refused_moves_name_both(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Outcome o = {};
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        container_enqueue(c, JOB_PAUSE, &JOB_PARAMETERS_DEFAULT, outcome_note, &o);
        assert_int_equal(o.kind, FAILURE_INVALID_STATE);
        container_enqueue(c, JOB_UNPAUSE, &JOB_PARAMETERS_DEFAULT, outcome_note, &o);
        assert_int_equal(o.n, 2);
        assert_int_equal(o.kind, FAILURE_INVALID_STATE);
        assert_null(c->jobs);
        /* thawing is for what is paused, and nothing else is an error */
        assert_int_equal(container_thaw(c, &failure), 0);
}

static void test_without_a_cgroup(void **state) {
        _cleanup_engine_ EngineFixture f;
        Outcome o = {};
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        container_match_freezer(c);
        assert_int_equal(c->state, CONTAINER_RUNNING);
        container_enqueue(c, JOB_PAUSE, &JOB_PARAMETERS_DEFAULT, outcome_note, &o);
        assert_int_equal(o.kind, FAILURE_SYSTEM);
        assert_int_equal(c->state, CONTAINER_RUNNING);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused_moves_name_both),
                cmocka_unit_test(test_without_a_cgroup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
