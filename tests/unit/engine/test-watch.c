/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "life-fixture.h"

static void test_words(void **state) {
        _cleanup_failure_ Failure failure = {};
        uint32_t conditions = 0;

        for (int i = 0; i < _CONTAINER_CONDITION_MAX; i++) {
                const char *word = container_condition_to_string((ContainerCondition) i);

                assert_int_equal(container_conditions_parse(word, &conditions, NULL), 0);
                assert_int_equal(conditions, 1U << i);
        }
        assert_int_equal(container_conditions_parse("exited,configured", &conditions, NULL), 0);
        assert_int_equal(conditions, 1U << CONTAINER_CONDITION_STOPPED | 1U << CONTAINER_CONDITION_CREATED);
        assert_true(container_conditions_parse("", &conditions, &failure) < 0);
        assert_true(container_conditions_parse("running,dancing", &conditions, &failure) < 0);
        assert_non_null(strstr(failure.text, "dancing"));
}

static void on_watch(Container *c, bool holds, void *userdata) {
        ++*(int *) userdata;
}

static void test_any_of_several(void **state) {
        _cleanup_engine_ EngineFixture f;
        int n = 0;
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_int_equal(
                        container_watch(c,
                                        1U << CONTAINER_CONDITION_PAUSED | 1U << CONTAINER_CONDITION_RUNNING,
                                        on_watch, &n, NULL),
                        0);
        assert_int_equal(n, 0);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(n, 1);
        assert_int_equal(container_move(c, CONTAINER_EVENT_PAUSED, NULL), 0);
        assert_int_equal(n, 1);
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_PAUSED, on_watch, &n, NULL), 0);
        assert_int_equal(n, 2);
}

static void test_what_goes_on_is_not_stopped(void **state) {
        _cleanup_engine_ EngineFixture f;
        ExitRecord exit = { .status = 1 };
        int n = 0;
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", "restart", "always");
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_STOPPED, on_watch, &n, NULL), 0);
        container_on_exited(c, &exit);
        assert_int_equal(c->state, CONTAINER_RESTARTING);
        assert_int_equal(n, 0);
        container_enqueue(c, JOB_STOP, &JOB_PARAMETERS_DEFAULT, NULL, NULL);
        assert_int_equal(n, 1);
}

static void on_never(Container *c, bool holds, void *userdata) {
        assert_false(holds);
        ++*(int *) userdata;
}

static void test_a_removed_one_never_gets_there(void **state) {
        _cleanup_engine_ EngineFixture f;
        int n = 0;
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_HEALTHY, on_never, &n, NULL), 0);
        container_enqueue(c, JOB_REMOVE, &JOB_PARAMETERS_DEFAULT, NULL, NULL);
        assert_int_equal(n, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_any_of_several),
                cmocka_unit_test(test_what_goes_on_is_not_stopped),
                cmocka_unit_test(test_a_removed_one_never_gets_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
