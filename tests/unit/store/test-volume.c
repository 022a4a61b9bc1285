/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "store/volume.h"

#include "store-fixture.h"

#include "test.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_record(void **state) {
        static const char text[] = "{\"version\":1,\"name\":\"v\",\"driver\":\"local\",\"created\":5,"
                                   "\"labels\":{\"a\":\"b\"},\"anonymous\":true,\"container\":\"" ID "\"}";
        _cleanup_(volume_record_freep) VolumeRecord *r = NULL, *again = NULL;
        _cleanup_free_ char *formatted = NULL;

        assert_int_equal(volume_record_parse(text, strlen(text), &r), 0);
        assert_true(r->anonymous);
        assert_string_equal(r->container, ID);
        assert_string_equal(r->labels[0], "a=b");
        assert_int_equal(volume_record_format(r, &formatted), 0);
        assert_int_equal(volume_record_parse(formatted, strlen(formatted), &again), 0);
        assert_int_equal(again->created_usec, 5);
}

static void test_bad(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "{\"version\":2,\"name\":\"v\",\"driver\":\"local\",\"created\":5}",
                "{\"version\":1,\"name\":\"../v\",\"driver\":\"local\",\"created\":5}",
                "{\"version\":1,\"name\":\"v\",\"driver\":\"nfs\",\"created\":5}",
                "{\"version\":1,\"name\":\"v\",\"driver\":\"local\"}",
                "{\"version\":1,\"name\":\"v\",\"driver\":\"local\",\"created\":5,\"container\":\"x\"}",
                "{\"version\":1,\"name\":\"v\",\"driver\":\"local\",\"created\":5,\"labels\":1}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                VolumeRecord *r = NULL;

                assert_int_equal(volume_record_parse(bad[i], strlen(bad[i]), &r), -EBADMSG);
        }
}

static void test_commit(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        char name[] = "v", driver[] = "local", other[] = "w";
        VolumeRecord r = { .name = name, .driver = driver, .created_usec = 7 };
        _cleanup_(volume_record_freep) VolumeRecord *got = NULL;

        assert_int_equal(volume_commit(f.store, &r, true), 0);
        assert_true(tmpdir_exists(f.store->volumes_fd, "v/data"));
        assert_int_equal(volume_load(f.store, "v", &got), 0);
        assert_int_equal(got->created_usec, 7);
        assert_int_equal(volume_commit(f.store, &r, false), -EEXIST);
        assert_int_equal(volume_load(f.store, other, &got), -ENOENT);
        assert_int_equal(renameat(f.store->volumes_fd, "v", f.store->volumes_fd, "w"), 0);
        assert_int_equal(volume_load(f.store, other, &got), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_record),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_commit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
