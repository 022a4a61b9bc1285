/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "life-fixture.h"

static void test_rename(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_(container_record_freep) ContainerRecord *record = NULL;
        Container *c, *found;

        engine_fixture_init(&f);
        c = container_with(&f, "old", NULL, NULL);
        assert_int_equal(container_rename(c, "new", NULL), 0);
        assert_int_equal(container_find(&f.engine, "new", &found, NULL), 0);
        assert_ptr_equal(found, c);
        assert_null(hashmap_get(f.engine.containers_by_name, "old"));
        assert_string_equal(c->unit, "creel-new.scope");
        assert_int_equal(container_record_load(f.store.store->containers_fd, c->record->id, &record), 0);
        assert_string_equal(record->name, "new");
        assert_string_equal(record->spec->name, "new");
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",  "-x",  "a/b",
                "ä", "a b", "a1234567890123456789012345678901234567890123456789012345678901234"
        };
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Container *c;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        (void) container_with(&f, "db", NULL, NULL);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_true(container_rename(c, bad[i], &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
        assert_true(container_rename(c, "db", &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NAME_IN_USE);
        assert_true(container_rename(c, "web", &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NAME_IN_USE);
        assert_string_equal(c->record->name, "web");
}

static void test_the_scope_of_a_running_one_stays(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_free_ char *expected = NULL;
        Container *c, *next;

        engine_fixture_init(&f);
        c = container_with(&f, "web", NULL, NULL);
        assert_int_equal(container_move(c, CONTAINER_EVENT_STARTED, NULL), 0);
        assert_int_equal(container_rename(c, "web-old", NULL), 0);
        assert_string_equal(c->unit, "creel-web.scope");
        next = container_with(&f, "web", NULL, NULL);
        assert_int_equal(container_choose_unit(next), 0);
        assert_int_equal(string_format(&expected, "creel-web-%.12s.scope", next->record->id), 0);
        assert_string_equal(next->unit, expected);
        assert_int_equal(container_move(c, CONTAINER_EVENT_EXITED, NULL), 0);
        assert_int_equal(container_choose_unit(next), 0);
        assert_string_equal(next->unit, "creel-web.scope");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rename),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_the_scope_of_a_running_one_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
