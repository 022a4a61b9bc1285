/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "engine-fixture.h"

#define REF1 "localhost:5000/a/b:1"
#define REF2 "localhost:5000/a/b:2"

static void test_find(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        Image *a, *b, *found = NULL;

        engine_fixture_init(&f);
        a = image_with(&f, HEX_A, REF1, "");
        b = image_with(&f, "abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", NULL, "");
        assert_int_equal(image_find(&f.engine, REF1, &found, &failure), 0);
        assert_ptr_equal(found, a);
        assert_int_equal(image_find(&f.engine, "sha256:" HEX_A, &found, &failure), 0);
        assert_ptr_equal(found, a);
        assert_int_equal(image_find(&f.engine, "abb", &found, &failure), 0);
        assert_ptr_equal(found, b);
        assert_int_equal(image_find(&f.engine, "localhost:5000/a/b@sha256:" HEX_A, &found, &failure), 0);
        assert_ptr_equal(found, a);
        assert_true(image_find(&f.engine, "localhost:5000/other@sha256:" HEX_A, &found, &failure) < 0);

        /* ambiguous is not the same as unknown */
        assert_true(image_find(&f.engine, "a", &found, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_true(image_find(&f.engine, "nosuch", &found, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NO_SUCH_IMAGE);
}

static void test_a_tag_moves(void **state) {
        _cleanup_engine_ EngineFixture f;
        Image *a, *b, *found = NULL;

        engine_fixture_init(&f);
        a = image_with(&f, HEX_A, REF1, "");
        b = image_with(&f, HEX_B, REF1, "");
        assert_int_equal(strv_length(a->tags), 0);
        assert_int_equal(strv_length(b->tags), 1);
        assert_int_equal(image_find(&f.engine, REF1, &found, NULL), 0);
        assert_ptr_equal(found, b);

        /* the same tag once more stays one */
        (void) image_with(&f, HEX_B, REF1, "");
        assert_int_equal(strv_length(b->tags), 1);
        assert_int_equal(hashmap_size(f.engine.images), 2);
}

static void test_remove(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        char **untagged = NULL, **removed = NULL;
        Image *a;

        engine_fixture_init(&f);
        a = image_with(&f, HEX_A, REF1, "");
        (void) image_with(&f, HEX_A, REF2, "");
        assert_int_equal(strv_length(a->tags), 2);

        /* by id it would take both tags along */
        assert_true(engine_remove_image(&f.engine, HEX_A, false, &untagged, &removed, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);

        assert_int_equal(engine_remove_image(&f.engine, REF1, false, &untagged, &removed, &failure), 0);
        assert_int_equal(strv_length(untagged), 1);
        assert_int_equal(strv_length(removed), 0);
        untagged = strv_free(untagged);

        assert_int_equal(engine_remove_image(&f.engine, REF2, false, &untagged, &removed, &failure), 0);
        assert_int_equal(strv_length(untagged), 1);
        assert_int_equal(strv_length(removed), 1);
        assert_string_equal(removed[0], "sha256:" HEX_A);
        assert_int_equal(hashmap_size(f.engine.images) + hashmap_size(f.engine.refs), 0);
        (void) strv_free(untagged);
        (void) strv_free(removed);
}

static void test_in_use(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        char **untagged = NULL, **removed = NULL;
        Container *c;
        Image *a;

        engine_fixture_init(&f);
        a = image_with(&f, HEX_A, REF1, "\"Cmd\":[\"x\"]");
        assert_int_equal(container_create(&f.engine, a, REF1, new0(ContainerSpec, 1), &c, NULL), 0);
        assert_true(engine_remove_image(&f.engine, REF1, true, &untagged, &removed, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        assert_non_null(strstr(failure.text, c->record->name));
        assert_int_equal(hashmap_size(f.engine.images), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_a_tag_moves),
                cmocka_unit_test(test_remove),
                cmocka_unit_test(test_in_use),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
