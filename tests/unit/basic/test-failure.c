/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/failure.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

static void test_kinds(void **state) {
        for (int i = 0; i < _FAILURE_KIND_MAX; i++) {
                const char *name = failure_kind_to_string((FailureKind) i);

                assert_non_null(name);
                assert_int_equal(failure_kind_from_string(name), i);
                assert_true(failure_kind_to_errno((FailureKind) i) > 0);
        }
        assert_int_equal(failure_kind_from_string(NULL), -EINVAL);
        assert_int_equal(failure_kind_from_string("nosuchcontainer"), -EINVAL);
        assert_string_equal(failure_kind_to_string(_FAILURE_KIND_MAX), "System");
        assert_string_equal(failure_kind_to_string((FailureKind) -1), "System");
}

static void test_exit_statuses(void **state) {
        assert_int_equal(failure_kind_to_exit_status(FAILURE_COMMAND_NOT_FOUND), 127);
        assert_int_equal(failure_kind_to_exit_status(FAILURE_COMMAND_NOT_EXECUTABLE), 126);
        for (int i = 0; i < _FAILURE_KIND_MAX; i++)
                if (i != FAILURE_COMMAND_NOT_FOUND && i != FAILURE_COMMAND_NOT_EXECUTABLE)
                        assert_int_equal(failure_kind_to_exit_status((FailureKind) i), 125);
}

static void test_set(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(failure_set(&f, FAILURE_NO_SUCH_IMAGE, "%s: no such image", "x"), -ENOENT);
        assert_int_equal(f.kind, FAILURE_NO_SUCH_IMAGE);
        assert_string_equal(f.text, "x: no such image");

        /* replaces, even when the new text is made from the old one */
        assert_int_equal(failure_set(&f, FAILURE_BUSY, "then: %s", f.text), -EBUSY);
        assert_int_equal(f.kind, FAILURE_BUSY);
        assert_string_equal(f.text, "then: x: no such image");

        assert_int_equal(failure_set(NULL, FAILURE_SECURITY, "nobody listens"), -EPERM);
        failure_done(&f);
        assert_null(f.text);
}

static void test_set_errno(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(failure_set_errno(&f, FAILURE_SYSTEM, ENOENT, "cannot open %s", "a"), -EIO);
        assert_string_equal(f.text, "cannot open a: No such file or directory");
        assert_int_equal(failure_set_errno(&f, FAILURE_SYSTEM, -ENOENT, "cannot open %s", "b"), -EIO);
        assert_string_equal(f.text, "cannot open b: No such file or directory");
        (void) failure_set_errno(&f, FAILURE_SYSTEM, 123456, "odd");
        assert_string_equal(f.text, "odd: unknown error");
}

static void test_full_disk_says_what_to_do(void **state) {
        static const int full[] = { ENOSPC, EDQUOT, -ENOSPC };

        for (size_t i = 0; i < ELEMENTSOF(full); i++) {
                _cleanup_failure_ Failure f = {};

                (void) failure_set_errno(&f, FAILURE_SYSTEM, full[i], "writing");
                assert_int_equal(f.kind, FAILURE_STORAGE);
                assert_non_null(strstr(f.text, "make room"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_exit_statuses),
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_set_errno),
                cmocka_unit_test(test_full_disk_says_what_to_do),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
