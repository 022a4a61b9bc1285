/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where there are no controllers, a directory of files stands for the cgroup: what is written is looked at.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/resource.h"
#include "spec/runtime-resource.h"

#include "test.h"
#include "tmpdir.h"

static void make_files(int fd) {
        static const char *const names[] = { "memory.max", "memory.swap.max", "memory.low",
                                             "cpu.weight", "cpu.max",         "cpuset.cpus",
                                             "pids.max",   "io.weight",       "io.max",
                                             "rdma.max",   "hugetlb.2MB.max", "memory.current" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                int file = openat(fd, names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

                assert_true(file >= 0);
                (void) fd_close(file);
        }
}

static void check_file(int fd, const char *name, const char *expected) {
        char text[128] = "";
        _cleanup_close_ int file = openat(fd, name, O_RDONLY | O_CLOEXEC);

        assert_true(file >= 0);
        assert_true(read(file, text, sizeof(text) - 1) >= 0);
        assert_string_equal(text, expected);
}

static int apply(int fd, const char *json, Failure *f) {
        _cleanup_(runtime_resources_done) RuntimeResources res = {};
        json_object *o = json_tokener_parse(json);
        const char *key, *text;
        int r;

        assert_non_null(o);
        assert_int_equal(runtime_resources_parse(o, &res, &key, &text), 0);
        r = resource_apply(fd, "/creel-none/here", &res, f);
        assert_int_equal(resource_is_wanted(&res), !streq(json, "{}"));
        (void) json_object_put(o);
        return r;
}

static void test_files(void **state) {
        _cleanup_failure_ Failure f = {};
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        int fd = d.fd;

        make_files(fd);
        assert_int_equal(apply(fd, "{}", &f), 0);
        check_file(fd, "memory.max", "");
        assert_int_equal(apply(fd,
                               "{\"memory\":{\"limit\":1000,\"swap\":3000,\"reservation\":500},\"cpu\":{"
                               "\"shares\":1024,\"quota\":5000,\"period\":10000,\"cpus\":\"0-1\"},"
                               "\"pids\":{\"limit\":7},\"blockIO\":{\"weight\":1000,"
                               "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}]}}",
                               &f),
                         0);
        check_file(fd, "memory.max", "1000");
        check_file(fd, "memory.swap.max", "2000");
        check_file(fd, "memory.low", "500");
        check_file(fd, "cpu.weight", "100");
        check_file(fd, "cpu.max", "5000 10000");
        check_file(fd, "cpuset.cpus", "0-1");
        check_file(fd, "pids.max", "7");
        check_file(fd, "io.weight", "10000");
        check_file(fd, "io.max", "8:0 rbps=600");
}

static void test_unlimited(void **state) {
        _cleanup_failure_ Failure f = {};
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        int fd = d.fd;

        make_files(fd);
        assert_int_equal(apply(fd,
                               "{\"memory\":{\"limit\":-1},\"cpu\":{\"quota\":-1},\"pids\":{\"limit\":-1}}",
                               &f),
                         0);
        check_file(fd, "memory.max", "max");
        check_file(fd, "memory.swap.max", "max");
        check_file(fd, "cpu.max", "max 100000");
        check_file(fd, "pids.max", "max");
}

static void check_refused(int fd, const char *json, const char *word) {
        _cleanup_failure_ Failure f = {};

        assert_true(apply(fd, json, &f) < 0);
        assert_non_null(f.text);
        assert_non_null(strstr(f.text, word));
}

static void test_refused(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        int fd = d.fd;

        make_files(fd);
        check_refused(fd, "{\"memory\":{\"swap\":3000}}", "memory.limit");
        check_refused(fd, "{\"memory\":{\"limit\":3000,\"swap\":2000}}", "at least");
        assert_int_equal(unlinkat(fd, "pids.max", 0), 0);
        check_refused(fd, "{\"pids\":{\"limit\":5}}", "controller 'pids'");
        assert_int_equal(unlinkat(fd, "cpu.weight", 0), 0);
        check_refused(fd, "{\"cpu\":{\"shares\":5}}", "controller 'cpu'");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_unlimited),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
