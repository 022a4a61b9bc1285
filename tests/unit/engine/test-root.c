/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile-fixture.h"
#include "engine/root.h"

static void test_resolve(void **state) {
        char directory[] = "/tmp/test-root-XXXXXX";
        _cleanup_free_ char *link = NULL, *real = NULL, *path = NULL, *option = NULL;
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
        _cleanup_failure_ Failure f = {};

        assert_int_equal(root_resolve(c.record->spec, &path, &f), 0);
        assert_null(path);
        assert_true(root_is_overlay(c.record));

        assert_non_null(mkdtemp(directory));
        real = realpath(directory, NULL);
        assert_int_equal(string_format(&link, "%s.link", directory), 0);
        assert_int_equal(symlink(directory, link), 0);
        set(&c, "directory", link);
        assert_int_equal(root_resolve(c.record->spec, &path, &f), 0);
        assert_string_equal(path, real);
        c.record->rootfs = TAKE_PTR(path);
        assert_false(root_is_overlay(c.record));
        set(&c, "ephemeral", NULL);
        assert_true(root_is_overlay(c.record));
        c.record->spec->ephemeral = false;

        assert_int_equal(string_format(&option, "%s:O,ro", real), 0);
        set(&c, "rootfs", option);
        assert_true(root_is_overlay(c.record));
        assert_true(root_is_read_only(c.record->spec));
        /* two roots */
        assert_true(root_resolve(c.record->spec, &path, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);

        assert_int_equal(unlink(link), 0);
        assert_int_equal(rmdir(directory), 0);
}

static void test_missing(void **state) {
        static const struct {
                const char *value;
                FailureKind kind;
        } missing[] = {
                { "/nonexistent/tree", FAILURE_INVALID_ARGUMENT },
                { "/dev/null", FAILURE_INVALID_ARGUMENT },
                { "no-such-tree-here", FAILURE_NO_SUCH_IMAGE },
        };

        for (size_t i = 0; i < ELEMENTSOF(missing); i++) {
                _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
                _cleanup_failure_ Failure f = {};
                char *path = NULL;

                set(&c, "template", missing[i].value);
                assert_true(root_resolve(c.record->spec, &path, &f) < 0);
                assert_int_equal(f.kind, missing[i].kind);
                assert_null(path);
        }
}

static void test_shift(void **state) {
        char directory[] = "/tmp/test-root-XXXXXX";
        uint32_t base = 1;

        assert_non_null(mkdtemp(directory));
        if (geteuid() == 0) {
                assert_int_equal(chown(directory, 0, 0), 0);
                assert_int_equal(root_shift(directory, &base, NULL), 0);
                assert_int_equal(base, 0);
                assert_int_equal(chown(directory, 0x200000, 0x200000), 0);
                assert_int_equal(root_shift(directory, &base, NULL), 0);
                assert_int_equal(base, 0x200000);
                assert_int_equal(chown(directory, 0x200001, 0x200001), 0);
                assert_int_equal(root_shift(directory, &base, NULL), 0);
                assert_int_equal(base, 0);
        }
        assert_int_equal(rmdir(directory), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_resolve),
                cmocka_unit_test(test_missing),
                cmocka_unit_test(test_shift),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
