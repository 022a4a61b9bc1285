/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "engine-fixture.h"

static Container *create(EngineFixture *f, const char *key, const char *text, bool remove) {
        ContainerSpec *spec = new0(ContainerSpec, 1);
        Image *image = hashmap_get(f->engine.images, HEX_A)
                                       ?: image_with(f, HEX_A, "localhost/x:1",
                                                     "\"Cmd\":[\"sh\"],\"Volumes\":{\"/image\":{}}");
        const char *hint;
        Container *c = NULL;

        if (key)
                assert_int_equal(container_spec_set_text(spec, container_spec_find(key), text, &hint), 0);
        spec->remove = remove;
        assert_int_equal(container_create(&f->engine, image, "localhost/x:1", spec, &c, NULL), 0);
        return c;
}

static void test_named(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {}, gone = {}, twice = {}, bad = {};
        Container *c;
        Volume *v;

        engine_fixture_init(&f);
        c = create(&f, "volume", "data:/data", false);
        assert_int_equal(hashmap_size(f.engine.volumes), 2);
        assert_int_equal(volume_find(&f.engine, "data", &v, NULL), 0);
        assert_false(v->record->anonymous);
        assert_true(volume_remove(v, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_BUSY);
        assert_true(volume_create(&f.engine, "data", NULL, &v, &twice) < 0);
        assert_int_equal(twice.kind, FAILURE_NAME_IN_USE);
        assert_true(volume_create(&f.engine, "../x", NULL, &v, &bad) < 0);
        assert_int_equal(bad.kind, FAILURE_INVALID_ARGUMENT);
        container_finish_removal(c);
        /* rm without --volumes leaves both */
        assert_int_equal(hashmap_size(f.engine.volumes), 2);
        assert_int_equal(volume_find(&f.engine, "dat", &v, NULL), 0);
        assert_int_equal(volume_remove(v, NULL), 0);
        assert_true(volume_find(&f.engine, "data", &v, &gone) < 0);
        assert_int_equal(gone.kind, FAILURE_NO_SUCH_VOLUME);
}

static void test_anonymous(void **state) {
        _cleanup_engine_ EngineFixture f;
        Container *c, *other;
        Volume *v;

        engine_fixture_init(&f);
        c = create(&f, "volume", "/data", true);
        assert_int_equal(hashmap_size(f.engine.volumes), 2);
        HASHMAP_FOREACH(v, f.engine.volumes) {
                assert_true(v->record->anonymous);
                assert_string_equal(v->record->container, c->record->id);
        }
        other = create(&f, "volumes-from", c->record->id, true);
        assert_int_equal(hashmap_size(f.engine.volumes), 2);
        container_finish_removal(other);
        assert_int_equal(hashmap_size(f.engine.volumes), 2);
        container_finish_removal(c);
        assert_int_equal(hashmap_size(f.engine.volumes), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_named),
                cmocka_unit_test(test_anonymous),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
