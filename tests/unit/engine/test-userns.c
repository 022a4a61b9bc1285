/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <fcntl.h>

#include "engine-fixture.h"
#include "engine/userns.h"
#include "basic/file.h"

static ContainerRecord *record_new(const char *const *options) {
        ContainerRecord *r = new0(ContainerRecord, 1);

        r->spec = new0(ContainerSpec, 1);
        for (; options && options[0]; options += 2) {
                const char *hint;

                assert_int_equal(container_spec_set_text(r->spec, container_spec_find(options[0]),
                                                         options[1], &hint),
                                 0);
        }
        return r;
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static Container *lender(EngineFixture *f, const char *const *options) {
        ContainerRecord *r = record_new(options);
        Container *c;

        memset(r->id, 'a', DIGEST_HEX_LENGTH);
        assert_int_equal(string_set(&r->name, "web"), 0);
        assert_int_equal(string_set(&r->state, "created"), 0);
        assert_int_equal(userns_allocate(&f->engine, r, NULL), 0);
        assert_int_equal(container_adopt(&f->engine, r, &c), 0);
        return c;
}

static void test_allocate(void **state) {
        _cleanup_engine_ EngineFixture f;

        engine_fixture_init(&f);
        {
                _cleanup_(container_record_freep) ContainerRecord *plain = record_new(NULL);

                assert_int_equal(userns_allocate(&f.engine, plain, NULL), 0);
                assert_int_equal(plain->uid_map.n, 1);
                assert_int_equal(plain->uid_map.mappings[0].host_id, plain->uid_base);
                assert_int_equal(plain->uid_count, 65536);
                assert_true(userns_is_used(plain));
        }
        {
                _cleanup_(container_record_freep) ContainerRecord *big =
                                record_new(OPTIONS("userns", "auto:size=100000,uidmapping=5:7:1"));

                assert_int_equal(userns_allocate(&f.engine, big, NULL), 0);
                assert_int_equal(big->uid_count, 131072);
                assert_int_equal(big->uid_map.n, 3);
                assert_int_equal(id_map_host_id(&big->uid_map, 5), 7);
                assert_int_equal(id_map_host_id(&big->gid_map, 99999), big->uid_base + 99999);
        }
        {
                _cleanup_(container_record_freep) ContainerRecord *host =
                                record_new(OPTIONS("privileged", "true"));

                assert_int_equal(userns_allocate(&f.engine, host, NULL), 0);
                assert_false(userns_is_used(host));
        }
        {
                _cleanup_(container_record_freep) ContainerRecord *path =
                                record_new(OPTIONS("userns", "ns:/proc/1/ns/user"));

                assert_int_equal(userns_allocate(&f.engine, path, NULL), 0);
                assert_true(userns_is_used(path));
                assert_int_equal(path->uid_map.n, 0);
        }
}

static void test_options(void **state) {
        _cleanup_engine_ EngineFixture f;

        engine_fixture_init(&f);
        {
                _cleanup_(container_record_freep) ContainerRecord *r = record_new(
                                OPTIONS("uidmap", "0:100000:10,10:200000:5", "uidmap", "g99:7:1"));

                assert_int_equal(userns_allocate(&f.engine, r, NULL), 0);
                assert_int_equal(r->uid_map.n, 2);
                assert_int_equal(r->gid_map.n, 3);
                assert_int_equal(r->uid_base, 0);
        }
        {
                _cleanup_(container_record_freep) ContainerRecord *r =
                                record_new(OPTIONS("gidmap", "+1000:44:1"));

                assert_int_equal(userns_allocate(&f.engine, r, NULL), 0);
                assert_int_equal(id_map_host_id(&r->gid_map, 1000), 44);
                assert_int_equal(id_map_host_id(&r->gid_map, 1001), r->uid_base + 1001);
        }
}

static void test_refused(void **state) {
        static const char *const cases[][5] = {
                { "uidmap", "1:100000:5", NULL },
                { "uidmap", "0:100000:5", "uidmap", "3:7:1", NULL },
                { "uidmap", "0:100000:5", "userns", "keep-id", NULL },
                { "uidmap", "0:100000:5", "subuidname", "x", NULL },
                { "subuidname", "no-such-name-here", NULL },
                { "userns", "container:nobody", NULL },
        };
        _cleanup_engine_ EngineFixture f;

        engine_fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_record_freep) ContainerRecord *r = record_new(cases[i]);
                _cleanup_failure_ Failure failure = {};

                assert_true(userns_allocate(&f.engine, r, &failure) < 0);
                assert_non_null(failure.text);
        }
}

static void test_keep_id(void **state) {
        const UsernsCaller caller = { 1000, 100 };
        _cleanup_engine_ EngineFixture f;
        _cleanup_(container_record_freep) ContainerRecord *r =
                        record_new(OPTIONS("userns", "keep-id:gid=7"));
        char *first;

        engine_fixture_init(&f);
        assert_int_equal(userns_settle(&f.engine, r->spec, &caller, NULL), 0);
        first = strdup(r->spec->userns);
        assert_int_equal(userns_settle(&f.engine, r->spec, &(UsernsCaller){ 5, 5 }, NULL), 0);
        assert_string_equal(r->spec->userns, first);
        free(first);
        assert_int_equal(userns_allocate(&f.engine, r, NULL), 0);
        assert_int_equal(id_map_host_id(&r->uid_map, 1000), 1000);
        assert_int_equal(id_map_host_id(&r->gid_map, 7), 100);
        assert_int_equal(container_record_root_uid(r), r->uid_base);
}

static void test_lender(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_(container_record_freep)
                        ContainerRecord *r = record_new(OPTIONS("pid", "container:web")),
                                        *uts = record_new(OPTIONS("uts", "container:web", "hostname", "x")),
                                        *missing = record_new(OPTIONS("ipc", "container:none"));
        _cleanup_failure_ Failure failure = {};
        Container *web;

        engine_fixture_init(&f);
        web = lender(&f, NULL);
        assert_int_equal(userns_settle(&f.engine, r->spec, NULL, NULL), 0);
        assert_string_equal(startswith(r->spec->pid, "container:"), web->record->id);
        assert_string_equal(r->spec->userns, r->spec->pid);
        assert_int_equal(userns_allocate(&f.engine, r, NULL), 0);
        assert_true(id_map_equal(&r->uid_map, &web->record->uid_map));
        assert_int_equal(r->uid_base, 0);
        assert_true(userns_settle(&f.engine, uts->spec, NULL, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_true(userns_settle(&f.engine, missing->spec, NULL, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_NO_SUCH_CONTAINER);
}

/* What the lender has of the host's, the borrower has of the host's. */
static void test_host_lender(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_(container_record_freep) ContainerRecord *r =
                        record_new(OPTIONS("network", "container:web"));

        engine_fixture_init(&f);
        (void) lender(&f, OPTIONS("userns", "host", "network", "host"));
        assert_int_equal(userns_settle(&f.engine, r->spec, NULL, NULL), 0);
        assert_string_equal(r->spec->network, "host");
        assert_string_equal(r->spec->userns, "host");
}

static void test_caller(void **state) {
        static const char passwd[] = "root:x:0:0::/:/bin/sh\nshort:x\nme:x:1000:100::/:/bin/sh\n";
        _cleanup_fixture_ Fixture f = fixture_new();

        assert_int_equal(file_write_atomic(f.store->runtime_fd, "passwd", passwd, strlen(passwd), 0644, 0),
                         0);
        assert_int_equal(userns_caller(f.store->runtime_fd, 1000).gid, 100);
        assert_int_equal(userns_caller(f.store->runtime_fd, 1001).gid, 1001);
        assert_int_equal(userns_caller(-EBADF, 5).gid, 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_allocate), cmocka_unit_test(test_options),
                cmocka_unit_test(test_refused),  cmocka_unit_test(test_keep_id),
                cmocka_unit_test(test_lender),   cmocka_unit_test(test_host_lender),
                cmocka_unit_test(test_caller)
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
