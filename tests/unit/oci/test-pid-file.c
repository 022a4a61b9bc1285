/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/file.h"
#include "basic/memory.h"
#include "oci/pid-file.h"
#include "tmpdir.h"

#include "test.h"

static void test_writes(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(pid_file_done) PidFile p = PID_FILE_NONE, relative = PID_FILE_NONE, none = PID_FILE_NONE;
        _cleanup_free_ char *text = NULL, *other = NULL;
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/pid", d.path);
        assert_int_equal(pid_file_open(path, &p, NULL), 0);
        assert_int_equal(fchdir(d.fd), 0);
        assert_int_equal(pid_file_open("other", &relative, NULL), 0);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(pid_file_write(&p, 42, NULL), 0);
        assert_int_equal(pid_file_write(&relative, 43, NULL), 0);
        assert_int_equal(file_read(d.fd, "pid", 16, &text, NULL), 0);
        assert_string_equal(text, "42");
        assert_int_equal(file_read(d.fd, "other", 16, &other, NULL), 0);
        assert_string_equal(other, "43");

        assert_int_equal(pid_file_open(NULL, &none, NULL), 0);
        assert_int_equal(pid_file_write(&none, 44, NULL), 0);
}

static void test_refuses(void **state) {
        static const char *const paths[] = { "/", "/tmp/", "/nonexistent/creel/pid", "..", "/tmp/.." };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_(pid_file_done) PidFile p = PID_FILE_NONE;
                _cleanup_failure_ Failure f = {};

                assert_int_equal(pid_file_open(paths[i], &p, &f),
                                 -failure_kind_to_errno(FAILURE_INVALID_ARGUMENT));
                assert_non_null(strstr(f.text, paths[i]));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_writes),
                cmocka_unit_test(test_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
