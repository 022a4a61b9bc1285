/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "spec/root-source.h"

#include "test.h"

static void test_rootfs(void **state) {
        static const char *const bad[] = { "",        "tree",      "./tree", "/tree:",
                                           "/tree:x", "/tree:O,x", ":O",     "/a\nb" };
        _cleanup_(root_source_done) RootSource s = {};
        const char *hint = NULL;

        assert_int_equal(root_source_parse_rootfs("/srv/tree:O,idmap", &s, &hint), 0);
        assert_string_equal(s.path, "/srv/tree");
        assert_true(s.overlay && s.idmap && !s.read_only);
        root_source_done(&s);
        assert_int_equal(root_source_parse_rootfs("/srv/tree:ro", &s, &hint), 0);
        assert_true(s.read_only && !s.overlay);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                RootSource none = {};

                hint = NULL;
                assert_int_equal(root_source_parse_rootfs(bad[i], &none, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

static void test_directory(void **state) {
        static const char *const bad[] = { "", ".", "..", "../x", "a/b", ".hidden", "a b", "a\n" };
        _cleanup_(root_source_done) RootSource s = {};
        const char *hint = NULL;

        assert_int_equal(root_source_parse_directory("debian-12.1", &s, &hint), 0);
        assert_string_equal(s.path, "debian-12.1");
        root_source_done(&s);
        assert_int_equal(root_source_parse_directory("/srv/with:colon", &s, &hint), 0);
        assert_string_equal(s.path, "/srv/with:colon");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                RootSource none = {};

                hint = NULL;
                assert_int_equal(root_source_parse_directory(bad[i], &none, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rootfs),
                cmocka_unit_test(test_directory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
