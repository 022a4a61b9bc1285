/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "engine-fixture.h"

#include <sys/stat.h>

#define NO (-ESTALE)

static void test_every_move(void **state) {
        /* started, exited, remove, paused, resumed, restart, broken */
        static const int expected[_CONTAINER_STATE_MAX][_CONTAINER_EVENT_MAX] = {
                [CONTAINER_CREATED] = { CONTAINER_RUNNING, NO, CONTAINER_REMOVING, NO, NO, NO, NO },
                [CONTAINER_RUNNING] = { NO, CONTAINER_STOPPED, CONTAINER_REMOVING, CONTAINER_PAUSED, NO,
                                        CONTAINER_RESTARTING, NO },
                [CONTAINER_PAUSED] = { NO, CONTAINER_STOPPED, CONTAINER_REMOVING, NO, CONTAINER_RUNNING,
                                       CONTAINER_RESTARTING, NO },
                [CONTAINER_RESTARTING] = { CONTAINER_RUNNING, CONTAINER_STOPPED, CONTAINER_REMOVING, NO, NO,
                                           NO, CONTAINER_DEAD },
                [CONTAINER_STOPPED] = { CONTAINER_RUNNING, NO, CONTAINER_REMOVING, NO, NO, NO,
                                        CONTAINER_DEAD },
                [CONTAINER_REMOVING] = { NO, NO, NO, NO, NO, NO, NO },
                [CONTAINER_DEAD] = { NO, NO, CONTAINER_REMOVING, NO, NO, NO, NO },
        };

        for (int s = 0; s < _CONTAINER_STATE_MAX; s++)
                for (int e = 0; e < _CONTAINER_EVENT_MAX; e++)
                        assert_int_equal(container_next_state((ContainerState) s, (ContainerEvent) e),
                                         expected[s][e]);
}

static Container *create(EngineFixture *f, const char *name) {
        ContainerSpec *spec = new0(ContainerSpec, 1);
        Image *image = hashmap_get(f->engine.images, HEX_A)
                                       ?: image_with(f, HEX_A, "localhost/x:1", "\"Cmd\":[\"sh\"]");
        const char *hint;
        Container *c = NULL;

        if (name)
                assert_int_equal(container_spec_set_text(spec, container_spec_find("name"), name, &hint), 0);
        assert_int_equal(container_create(&f->engine, image, "localhost/x:1", spec, &c, NULL), 0);
        return c;
}

static bool exists(EngineFixture *f, const char *id) {
        struct stat st;

        return fstatat(f->store.store->containers_fd, id, &st, 0) >= 0;
}

static void test_create_persists_and_removal_leaves_nothing(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_(container_record_freep) ContainerRecord *record = NULL;
        char id[DIGEST_HEX_LENGTH + 1];
        Container *c;

        engine_fixture_init(&f);
        c = create(&f, "web");
        assert_int_equal(c->state, CONTAINER_CREATED);
        assert_string_equal(c->unit, "creel-web.scope");
        assert_true(c->record->uid_base >= 0x80000 && c->record->uid_base % 65536 == 0);
        assert_int_equal(container_record_load(f.store.store->containers_fd, c->record->id, &record), 0);
        assert_string_equal(record->name, "web");
        assert_string_equal(record->state, "created");

        memcpy(id, c->record->id, sizeof(id));
        assert_true(exists(&f, id));
        container_enqueue(c, JOB_REMOVE, &JOB_PARAMETERS_DEFAULT, NULL, NULL);
        assert_false(exists(&f, id));
        assert_null(hashmap_get(f.engine.containers, id));
        assert_null(hashmap_get(f.engine.containers_by_name, "web"));
}

static void test_names_are_unique(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        ContainerSpec *spec = new0(ContainerSpec, 1);
        const char *hint;
        Container *c;

        engine_fixture_init(&f);
        (void) create(&f, "web");
        assert_int_equal(container_spec_set_text(spec, container_spec_find("name"), "web", &hint), 0);
        assert_true(container_create(&f.engine, hashmap_get(f.engine.images, HEX_A), "x", spec, &c,
                                     &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NAME_IN_USE);
        assert_int_equal(hashmap_size(f.engine.containers), 1);

        /* made-up names differ, and so do the ranges of user ids */
        for (int i = 0; i < 40; i++)
                (void) create(&f, NULL);
        assert_int_equal(hashmap_size(f.engine.containers_by_name), 41);
        Container *a, *b;
        HASHMAP_FOREACH(a, f.engine.containers)
                HASHMAP_FOREACH(b, f.engine.containers)
                        assert_true(a == b || a->record->uid_base != b->record->uid_base);
}

static void test_find(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Container *c, *found = NULL;
        char prefix[13];

        engine_fixture_init(&f);
        c = create(&f, "web");
        (void) snprintf(prefix, sizeof(prefix), "%.12s", c->record->id);
        assert_int_equal(container_find(&f.engine, "web", &found, &failure), 0);
        assert_ptr_equal(found, c);
        assert_int_equal(container_find(&f.engine, prefix, &found, &failure), 0);
        assert_ptr_equal(found, c);
        assert_int_equal(container_find(&f.engine, c->record->id, &found, &failure), 0);
        assert_true(container_find(&f.engine, "", &found, &failure) < 0);
        assert_true(container_find(&f.engine, "nobody", &found, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NO_SUCH_CONTAINER);
}

typedef struct Outcome {
        int n;
        int kind; /* -1: success */
} Outcome;

static void on_done(Container *c, const Failure *f, void *userdata) {
        Outcome *o = userdata;

        o->n++;
        o->kind = f ? (int) f->kind : -1;
}

static void test_wrong_states_change_nothing(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Outcome o = {};
        Container *c;

        engine_fixture_init(&f);
        c = create(&f, "web");
        assert_true(container_kill(c, false, 15, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        assert_true(container_move(c, CONTAINER_EVENT_PAUSED, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        assert_non_null(strstr(failure.text, "created"));
        assert_non_null(strstr(failure.text, "paused"));
        assert_int_equal(c->state, CONTAINER_CREATED);

        /* stopping what does not run is done at once */
        container_enqueue(c, JOB_STOP, &JOB_PARAMETERS_DEFAULT, on_done, &o);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.kind, -1);
}

static void test_starting_without_layers_fails_and_is_told(void **state) {
        _cleanup_engine_ EngineFixture f;
        Outcome o = {};
        Container *c;

        engine_fixture_init(&f);
        c = create(&f, "web");
        container_enqueue(c, JOB_START, &JOB_PARAMETERS_DEFAULT, on_done, &o);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.kind, FAILURE_STORAGE);
        assert_int_equal(c->state, CONTAINER_CREATED);
        assert_non_null(c->record->error);
        assert_null(c->jobs);
}

static void on_watch(Container *c, bool holds, void *userdata) {
        ++*(int *) userdata;
}

static void test_watches(void **state) {
        _cleanup_engine_ EngineFixture f;
        int stopped = 0, removed = 0, running = 0;
        Container *c;

        engine_fixture_init(&f);
        c = create(&f, "web");
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_STOPPED, on_watch, &stopped, NULL), 0);
        assert_int_equal(stopped, 1);
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_REMOVED, on_watch, &removed, NULL), 0);
        assert_int_equal(container_watch(c, 1U << CONTAINER_CONDITION_RUNNING, on_watch, &running, NULL), 0);
        assert_int_equal(removed + running, 0);
        container_enqueue(c, JOB_REMOVE, &JOB_PARAMETERS_DEFAULT, NULL, NULL);
        /* nobody is left waiting for what cannot happen any more */
        assert_int_equal(removed, 1);
        assert_int_equal(running, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_move),
                cmocka_unit_test(test_create_persists_and_removal_leaves_nothing),
                cmocka_unit_test(test_names_are_unique),
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_wrong_states_change_nothing),
                cmocka_unit_test(test_starting_without_layers_fails_and_is_told),
                cmocka_unit_test(test_watches),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
