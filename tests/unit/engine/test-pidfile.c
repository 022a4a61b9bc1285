/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/pidfile.h"

#include "tmpdir.h"

static void test_write(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_(container_record_freep) ContainerRecord *record = new0(ContainerRecord, 1);
        _cleanup_free_ char *leader = NULL, *supervisor = NULL;
        _cleanup_failure_ Failure f = {};

        record->spec = new0(ContainerSpec, 1);
        assert_int_equal(pidfile_check(record->spec, &f), 0);
        pidfile_write(record, 1, 2);
        assert_int_equal(string_format(&record->spec->pidfile, "%s/a", dir.path), 0);
        assert_int_equal(string_format(&record->spec->supervisor_pidfile, "%s/b", dir.path), 0);
        assert_int_equal(pidfile_check(record->spec, &f), 0);
        pidfile_write(record, 17, 4);
        pidfile_write(record, 18, 5);
        assert_int_equal(file_read(dir.fd, "a", 100, &leader, NULL), 0);
        assert_string_equal(leader, "18\n");
        assert_int_equal(file_read(dir.fd, "b", 100, &supervisor, NULL), 0);
        assert_string_equal(supervisor, "5\n");
}

static void test_refused(void **state) {
        static const char *const bad[] = { "/no/such/directory/pid", "/", "/tmp/", "/tmp/..",
                                           "/etc/passwd/x" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ContainerSpec spec = { .pidfile = (char *) bad[i] };
                _cleanup_failure_ Failure f = {};

                assert_true(pidfile_check(&spec, &f) < 0);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_write),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
