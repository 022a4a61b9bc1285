/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/mount-source.h"

#include "test.h"

static void expect(MountSyntax syntax, const char *text, const char *result) {
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(mount_source_complete(syntax, text, "/w:d", &l, &f), 0);
        assert_int_equal(strv_length(l), 1);
        assert_string_equal(l[0], result);
}

static void test_relative(void **state) {
        expect(MOUNT_SYNTAX_VOLUME, "./a:/b:ro", "/w\\:d/./a:/b:ro");
        expect(MOUNT_SYNTAX_VOLUME, "a:/b", "a:/b");
        expect(MOUNT_SYNTAX_VOLUME, "/a:/b", "/a:/b");
        expect(MOUNT_SYNTAX_VOLUME, "./b", "./b");
        expect(MOUNT_SYNTAX_VOLUME, "", "");
        expect(MOUNT_SYNTAX_BIND, "a:/b", "/w\\:d/a:/b");
        expect(MOUNT_SYNTAX_OVERLAY, "a:b:/c", "/w\\:d/a:/w\\:d/b:/c");
        expect(MOUNT_SYNTAX_OVERLAY, "a::/c", "/w\\:d/a::/c");
        expect(MOUNT_SYNTAX_MOUNT, "type=bind,ro,src=a,dst=/b", "type=bind,source=/w:d/a,ro,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "type=bind,src=/a,dst=/b", "type=bind,src=/a,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "type=volume,src=a,dst=/b", "type=volume,src=a,dst=/b");
        expect(MOUNT_SYNTAX_MOUNT, "nonsense", "nonsense");
        expect(MOUNT_SYNTAX_MOUNT, "\"", "\"");
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
                cmocka_unit_test(test_glob),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
