/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "oci/cgroup-place.h"

#include "test.h"

static void check_path(const char *given, const char *expected) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;

        assert_int_equal(oci_cgroup_place_path(given, "id", false, &path, &f), 0);
        assert_string_equal(path, expected);
}

static void check_unit(const char *given, bool rootless, const char *unit, const char *slice) {
        _cleanup_free_ char *u = NULL, *s = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(oci_cgroup_place_unit(given, "i+d", rootless, &u, &s, &f), 0);
        assert_string_equal(u, unit);
        assert_string_equal(s, slice);
}

static void test_path(void **state) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;

        check_path(NULL, "/id");
        check_path("", "/id");
        check_path("/a//b/", "/a/b");
        check_path("a/b", "/a/b");
        assert_int_equal(oci_cgroup_place_path("x", "id", true, &path, &f), 0);
        assert_true(endswith(path, "/x"));
}

static void test_unit(void **state) {
        check_unit(NULL, false, "creel-i\\x2bd.scope", "system.slice");
        check_unit(NULL, true, "creel-i\\x2bd.scope", "user.slice");
        check_unit("a-b.slice:cri:n1", false, "cri-n1.scope", "a-b.slice");
        check_unit("a.slice:cri:n1.scope", false, "cri-n1.scope", "a.slice");
        check_unit("::n", false, "n.scope", "system.slice");
        check_unit("-.slice:p:n", false, "p-n.scope", "-.slice");
}

static void test_refused(void **state) {
        static const char *const paths[] = { "/", "/a/../b", "..", "a/." }, *const units[] = {
                "/a/b",          "a:b",          "a.slice:b:",     "a.slice:b:c:d",
                "a:b:c",         "--.slice:b:c", "a--b.slice:p:n", "a.slice:p:x.slice",
                "../a.slice:p:n"
        };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_failure_ Failure f = {};
                char *path = NULL;

                assert_true(oci_cgroup_place_path(paths[i], "id", false, &path, &f) < 0);
                assert_null(path);
                assert_non_null(f.text);
        }
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                _cleanup_failure_ Failure f = {};
                char *unit = NULL, *slice = NULL;

                assert_true(oci_cgroup_place_unit(units[i], "id", false, &unit, &slice, &f) < 0);
                assert_null(unit);
                assert_non_null(f.text);
        }
        assert_true(oci_cgroup_subgroup_is_valid("a/b"));
        assert_false(oci_cgroup_subgroup_is_valid("/a"));
        assert_false(oci_cgroup_subgroup_is_valid("a/../../b"));
        assert_false(oci_cgroup_subgroup_is_valid(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_path),
                cmocka_unit_test(test_unit),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
