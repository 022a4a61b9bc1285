/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/pull-source.h"

#include "test.h"

static void test_platform(void **state) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *text = NULL;

        assert_int_equal(pull_source_platform("linux/arm64", NULL, NULL, NULL, &text, &f), 0);
        assert_null(text);
        assert_int_equal(pull_source_platform(NULL, NULL, "arm", "v7", &text, &f), 0);
        assert_string_equal(text, "linux/arm/v7");
        text = mfree(text);
        assert_int_equal(pull_source_platform(NULL, "linux", NULL, NULL, &text, &f), 0);
        assert_non_null(startswith(text, "linux/"));
        text = mfree(text);
        assert_true(pull_source_platform("linux/arm64", NULL, "arm", NULL, &text, &f) < 0);
        assert_non_null(strstr(f.text, "--arch"));
        assert_true(pull_source_platform(NULL, NULL, "a/b", NULL, &text, &f) < 0);
        assert_true(pull_source_platform(NULL, NULL, "a b", NULL, &text, &f) < 0);
        assert_true(pull_source_platform(NULL, "", NULL, NULL, &text, &f) < 0);
        assert_null(text);
}

static void check_credentials(const char *credentials, const char *auth) {
        _cleanup_free_ char *text = NULL, *expect = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(pull_source_credentials(credentials, "registry.lan:5000/app:1", &fd, &f), 0);
        assert_int_equal(fd_read_file(fd, 4096, &text, NULL), 0);
        assert_int_equal(string_format(&expect, "{\"auths\":{\"registry.lan:5000\":{\"auth\":\"%s\"}}}",
                                       auth),
                         0);
        assert_string_equal(text, expect);
}

static void test_credentials(void **state) {
        _cleanup_failure_ Failure f = {};
        int fd = -EBADF;

        check_credentials("a:b", "YTpi");
        check_credentials("ab:c", "YWI6Yw==");
        check_credentials("ab:cd", "YWI6Y2Q=");
        check_credentials("u:p:\xff", "dTpwOv8=");
        assert_true(pull_source_credentials("alone", "x", &fd, &f) < 0);
        assert_true(pull_source_credentials(":x", "x", &fd, &f) < 0);
        assert_int_equal(pull_source_credentials("a:b", "NO/reference", &fd, &f), 0);
        assert_int_equal(fd, -EBADF);
}

static void write_file(const char *directory, const char *name, const char *text) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(string_format(&path, "%s/%s", directory, name), 0);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static void remove_file(const char *directory, const char *name) {
        _cleanup_free_ char *path = NULL;

        assert_int_equal(string_format(&path, "%s/%s", directory, name), 0);
        assert_int_equal(unlink(path), 0);
}

static void test_certificates(void **state) {
        char directory[] = "/tmp/test-pull-source-XXXXXX";
        _cleanup_free_ char *text = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int fd = -EBADF;
        int none = -EBADF;

        assert_non_null(mkdtemp(directory));
        assert_int_equal(pull_source_certificates(directory, &none, &f), 0);
        assert_int_equal(none, -EBADF);
        write_file(directory, "b.crt", "second");
        write_file(directory, "a.crt", "first\n");
        write_file(directory, "readme", "no");
        assert_int_equal(pull_source_certificates(directory, &fd, &f), 0);
        assert_int_equal(fd_read_file(fd, 4096, &text, NULL), 0);
        assert_string_equal(text, "first\n\nsecond\n");
        write_file(directory, "client.cert", "x");
        assert_true(pull_source_certificates(directory, &none, &f) < 0);
        assert_non_null(strstr(f.text, "client.cert"));
        assert_true(pull_source_certificates("/nonexistent", &none, &f) < 0);
        remove_file(directory, "a.crt");
        remove_file(directory, "b.crt");
        remove_file(directory, "readme");
        remove_file(directory, "client.cert");
        assert_int_equal(rmdir(directory), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_platform),
                cmocka_unit_test(test_credentials),
                cmocka_unit_test(test_certificates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
