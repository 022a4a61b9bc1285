/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"
#include "engine/compile-request.h"

static json_object *build(Case *c, MountSyntax syntax, const char *text, Failure *f) {
        _cleanup_(mount_request_done) MountRequest m = {};
        char hint[MOUNT_HINT_MAX];
        json_object *o = NULL;

        assert_int_equal(mount_request_parse(syntax, text, &m, hint), 0);
        (void) compile_mount_request(&(const CompileInput){ .record = c->record, .config = c->config }, &m,
                                     3, &o, f);
        return o;
}

static void test_idmap(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_failure_ Failure f = {};
        _cleanup_json_ json_object *o = build(&c, MOUNT_SYNTAX_VOLUME, "/a:/b:idmap=uids=@0-1-10", &f),
                                   *none = NULL;
        json_object *l = at(o, "uidMappings", json_type_array), *g = at(o, "gidMappings", json_type_array);
        uint64_t n = 0;

        assert_int_equal(json_get_u64(json_object_array_get_idx(l, 0), "hostID", &n), 0);
        assert_int_equal(n, 0x100001);
        assert_int_equal(json_get_u64(json_object_array_get_idx(g, 0), "hostID", &n), 0);
        assert_int_equal(n, 0x100000);
        id_map_done(&c.record->uid_map);
        none = build(&c, MOUNT_SYNTAX_VOLUME, "/a:/b:idmap", &f);
        assert_null(none);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_own(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *overlay = build(&c, MOUNT_SYNTAX_VOLUME, "/a:/b:O", NULL),
                                   *volume = build(&c, MOUNT_SYNTAX_VOLUME, "v:/b", NULL),
                                   *bind = build(&c, MOUNT_SYNTAX_VOLUME, "/a:/b", NULL);
        const char *s = NULL;
        bool fill = false;

        assert_int_equal(json_get_string(at(overlay, "creel", json_type_object), "scratch", &s), 0);
        assert_string_equal(s, "overlay-3");
        assert_int_equal(json_get_boolean(at(volume, "creel", json_type_object), "fill", &fill), 0);
        assert_true(fill);
        assert_int_equal(json_get_string(volume, "source", &s), 0);
        assert_string_equal(s, "/var/lib/creel/volumes/v/data");
        assert_false(json_object_object_get_ex(bind, "creel", NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_idmap),
                cmocka_unit_test(test_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
