/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/limit-mirror.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "tmpdir.h"

#include "test.h"

/* Plain files keep the last line written where the kernel merges them. */
static void expect(int fd, const char *name, const char *text) {
        _cleanup_free_ char *is = NULL;

        assert_int_equal(file_read(fd, name, 4096, &is, NULL), 0);
        assert_int_equal(strncmp(is, text, strlen(text)), 0);
}

static void test_all(void **state) {
        _cleanup_tmpdir_ TmpDir scope = tmpdir_new(), payload = tmpdir_new();

        tmpdir_write(scope.fd, "memory.max", "67108864\n");
        tmpdir_write(payload.fd, "memory.max", "");
        tmpdir_write(scope.fd, "pids.max", "max\n");
        tmpdir_write(payload.fd, "pids.max", "");
        tmpdir_write(scope.fd, "io.weight", "default 500\n8:0 77\n");
        tmpdir_write(payload.fd, "io.weight", "");
        tmpdir_write(scope.fd, "cpu.max", "50000 100000\n"); /* and none below */
        limit_mirror_all(scope.fd, payload.fd);
        expect(payload.fd, "memory.max", "67108864");
        expect(payload.fd, "io.weight", "default 500");
        assert_false(tmpdir_exists(payload.fd, "cpu.max"));
}

static void test_one(void **state) {
        _cleanup_tmpdir_ TmpDir scope = tmpdir_new(), payload = tmpdir_new();

        assert_int_equal(limit_mirror(scope.fd, payload.fd, "cgroup.procs"), -EINVAL);
        assert_int_equal(limit_mirror(scope.fd, payload.fd, "memory.max"), 0);
        tmpdir_write(scope.fd, "memory.max", "max\n");
        tmpdir_write(payload.fd, "memory.max", "1\n");
        assert_int_equal(limit_mirror(scope.fd, payload.fd, "memory.max"), 0);
        expect(payload.fd, "memory.max", "max");
        tmpdir_write(scope.fd, "io.max", "\n");
        tmpdir_write(payload.fd, "io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n");
        assert_int_equal(limit_mirror(scope.fd, payload.fd, "io.max"), 0);
        /* an empty list of lines writes nothing: what is there is the lifted one */
        expect(payload.fd, "io.max", "8:0 rbps=max wbps=max riops=max wiops=max");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
