/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/mount-source.h"

#include "test.h"

static void expect(MountSyntax syntax, const char *text, const char *result) {
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(mount_source_complete(syntax, text, "/", &l, &f), 0);
        assert_int_equal(strv_length(l), 1);
        assert_string_equal(l[0], result);
}

static void test_relative(void **state) {
        expect(MOUNT_SYNTAX_VOLUME, "./etc:/b:ro", "/./etc:/b:ro");
        expect(MOUNT_SYNTAX_VOLUME, "a:/b", "a:/b");
        expect(MOUNT_SYNTAX_VOLUME, "/etc:/b", "/etc:/b");
        expect(MOUNT_SYNTAX_VOLUME, "./b", "./b");
        expect(MOUNT_SYNTAX_VOLUME, "", "");
        expect(MOUNT_SYNTAX_BIND, "etc:/b\\:c", "/etc:/b\\:c");
        expect(MOUNT_SYNTAX_BIND, "/etc", "/etc");
        expect(MOUNT_SYNTAX_OVERLAY, "etc:no-upper-yet:/c", "/etc:/no-upper-yet:/c");
        expect(MOUNT_SYNTAX_OVERLAY, "etc::/c", "/etc::/c");
        expect(MOUNT_SYNTAX_OVERLAY_RO, "etc:usr:/c", "/etc:/usr:/c");
        expect(MOUNT_SYNTAX_MOUNT, "type=bind,ro,src=etc,dst=/b", "type=bind,source=/etc,ro,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "type=bind,src=/etc,dst=/b", "type=bind,src=/etc,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "type=volume,src=a,dst=/b", "type=volume,src=a,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "nonsense", "nonsense");
        expect(MOUNT_SYNTAX_MOUNT, "\"", "\"");
}

static void test_missing(void **state) {
        static const struct {
                MountSyntax syntax;
                const char *text;
        } cases[] = {
                { MOUNT_SYNTAX_VOLUME, "/no/such:/x" },
                { MOUNT_SYNTAX_VOLUME, "./no/such:/x" },
                { MOUNT_SYNTAX_BIND_RO, "/no/such:/x" },
                { MOUNT_SYNTAX_OVERLAY_RO, "/no/such:/x" },
                { MOUNT_SYNTAX_MOUNT, "type=bind,src=/no/such,dst=/x" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_strv_free_ char **l = NULL;
                _cleanup_failure_ Failure f = {};

                assert_true(mount_source_complete(cases[i].syntax, cases[i].text, "/tmp", &l, &f) < 0);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
                assert_non_null(strstr(f.text, "no/such"));
        }
}

static void test_glob(void **state) {
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(mount_source_complete(MOUNT_SYNTAX_MOUNT, "type=glob,src=/etc/pass[w]d,dst=/x,ro",
                                               "/", &l, &f),
                         0);
        assert_string_equal(l[0], "type=bind,source=/etc/passwd,target=/x/passwd,ro");
        assert_int_equal(mount_source_complete(MOUNT_SYNTAX_MOUNT, "type=glob,src=/etc/passwd", "/", &l, &f),
                         0);
        assert_string_equal(l[1], "type=bind,source=/etc/passwd,target=/etc/passwd");
        assert_true(mount_source_complete(MOUNT_SYNTAX_MOUNT, "type=glob,src=/no/such*,dst=/x", "/", &l,
                                          &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_relative),
                cmocka_unit_test(test_missing),
                cmocka_unit_test(test_glob),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
