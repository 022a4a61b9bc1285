/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/environment.h"
#include "test.h"

static char *const caller[] = { (char *) "HOME=/root", (char *) "EMPTY=", NULL };

static void test_add(void **state) {
        _cleanup_strv_free_ char **env = NULL;

        assert_int_equal(environment_add(&env, "A=1", caller), 0);
        assert_int_equal(environment_add(&env, "HOME", caller), 0);
        assert_int_equal(environment_add(&env, "EMPTY", caller), 0);
        assert_int_equal(environment_add(&env, "NONE", caller), 0);
        assert_int_equal(environment_add(&env, "A=2=3", caller), 0);
        assert_int_equal(environment_add(&env, "=x", caller), -EINVAL);
        assert_int_equal(environment_add(&env, "", caller), -EINVAL);
        assert_true(strv_equal(env, (char *[]){ (char *) "A=2=3", (char *) "HOME=/root",
                                                (char *) "EMPTY=", NULL }));
}

static void test_defaults(void **state) {
        static char *const env[] = { (char *) "HOME=/root",
                                     (char *) "http_proxy=a",
                                     (char *) "NO_PROXY=b",
                                     (char *) "LISTEN_FDS=1",
                                     (char *) "NOTIFY_SOCKET=x",
                                     (char *) "HOMER=1",
                                     NULL };
        _cleanup_strv_free_ char **all = NULL, **proxies = NULL, **none = NULL, **matching = NULL;

        assert_int_equal(environment_add_defaults(&all, true, false, env), 0);
        assert_int_equal(strv_length(all), 4);
        assert_null(strv_env_get(all, "LISTEN_FDS"));
        assert_int_equal(environment_add_defaults(&proxies, false, true, env), 0);
        assert_true(strv_equal(proxies, (char *[]){ (char *) "http_proxy=a", (char *) "NO_PROXY=b", NULL }));
        assert_int_equal(environment_add_defaults(&none, false, false, env), 0);
        assert_null(none);
        assert_int_equal(environment_add(&matching, "HOME*", env), 0);
        assert_int_equal(strv_length(matching), 2);
}

static void test_file(void **state) {
        static const char text[] = "# comment\n\n  A= with blanks \nB='quoted'\r\n\tHOME\nNONE\n   "
                                   "\nA=again\nLAST=no newline";
        _cleanup_strv_free_ char **env = NULL;

        assert_int_equal(environment_parse(text, "f", caller, &env, NULL), 0);
        assert_true(strv_equal(env, (char *[]){ (char *) "A=again", (char *) "B='quoted'",
                                                (char *) "HOME=/root", (char *) "LAST=no newline", NULL }));
}

static void refuse(const char *text, const char *want) {
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(environment_parse(text, "my.env", caller, &env, &f), -EINVAL);
        assert_non_null(strstr(f.text, want));
}

static void test_refused(void **state) {
        refuse("A=1\n=2\n", "my.env:2: there is no name");
        refuse("\n\nA B=1\n", "my.env:3: the name 'A B' holds a blank");
        refuse("export A=1\n", "holds a blank");
}

static void test_read(void **state) {
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int fd = -EBADF, zero = -EBADF;
        char path[64];

        assert_int_equal(fd_new_sealed("env", "X=1\n", 4, &fd), 0);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        assert_int_equal(environment_read_file("env-file", path, caller, &env, &f), 0);
        assert_string_equal(env[0], "X=1");

        assert_int_equal(fd_new_sealed("env", "X=\0\n", 4, &zero), 0);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", zero);
        assert_int_equal(environment_read_file("env-file", path, caller, &env, &f), -EINVAL);
        assert_non_null(strstr(f.text, "NUL"));

        assert_true(environment_read_file("env-file", "/nonexistent/x.env", caller, &env, &f) < 0);
        assert_non_null(strstr(f.text, "/nonexistent/x.env"));
        assert_true(environment_read_file("env-file", "/dev/zero", caller, &env, &f) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_add),  cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_file), cmocka_unit_test(test_refused),  cmocka_unit_test(test_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
