/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"
#include "engine/mount-plan.h"

static int make(Case *c, MountPlan *ret, Failure *f) {
        return mount_plan_make(&(const CompileInput){ .record = c->record, .config = c->config }, ret, f);
}

static void test_plan(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Volumes\":{\"/data\":{},\"/more\":{},\"nonsense\":{}}");
        _cleanup_(mount_plan_done) MountPlan p = {};

        set(&c, "volume", "/a:/data");
        set(&c, "tmpfs", "/t");
        assert_int_equal(make(&c, &p, NULL), 0);
        assert_int_equal(p.n_requests, 3);
        assert_int_equal(p.requests[2].kind, MOUNT_KIND_VOLUME);
        assert_string_equal(p.requests[2].destination, "/more");
        assert_int_equal(strlen(p.requests[2].source), DIGEST_HEX_LENGTH);
        assert_true(mount_plan_has(&p, "/data"));
        assert_false(mount_plan_has(&p, "/data/x"));
        assert_true(mount_plan_covers(&p, "/data/x"));
        assert_false(mount_plan_covers(&p, "/database"));
        assert_false(mount_plan_covers(&p, "/more/x"));
}

static void test_duplicate(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_(mount_plan_done) MountPlan p = {};
        _cleanup_failure_ Failure f = {};

        set(&c, "volume", "/a:/data");
        set(&c, "mount", "type=tmpfs,dst=/data/");
        assert_true(make(&c, &p, &f) < 0);
        assert_non_null(strstr(f.text, "duplicate mount destination"));
}

static void test_image_volumes(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Volumes\":{\"/data\":{}}");
        _cleanup_(mount_plan_done) MountPlan p = {}, q = {};

        set(&c, "image-volume", "tmpfs");
        assert_int_equal(make(&c, &p, NULL), 0);
        assert_int_equal(p.requests[0].kind, MOUNT_KIND_TMPFS);
        set(&c, "image-volume", "ignore");
        assert_int_equal(make(&c, &q, NULL), 0);
        assert_int_equal(q.n_requests, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plan),
                cmocka_unit_test(test_duplicate),
                cmocka_unit_test(test_image_volumes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
