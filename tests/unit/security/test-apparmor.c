/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "security/apparmor.h"
#include "test.h"

static int ask(const char *list, const char *name) {
        char path[] = "/tmp/test-apparmor-XXXXXX";
        _cleanup_close_ int fd = mkstemp(path);
        int r;

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, list, strlen(list)), 0);
        r = apparmor_profile_is_loaded(path, name);
        assert_int_equal(unlink(path), 0);
        return r;
}

static void test_list(void **state) {
        static const char list[] = "lsb_release (enforce)\n"
                                   "creel-default (enforce)\n"
                                   "lax (complain)\n"
                                   "strict (kill)\n"
                                   "free (unconfined)\n"
                                   "/usr/bin/a b (enforce)\n"
                                   "last (enforce)";

        assert_int_equal(ask(list, "creel-default"), 1);
        assert_int_equal(ask(list, "strict"), 1);
        assert_int_equal(ask(list, "/usr/bin/a b"), 1);
        assert_int_equal(ask(list, "last"), 1);
        assert_int_equal(ask(list, "lax"), 0);
        assert_int_equal(ask(list, "free"), 0);
        assert_int_equal(ask(list, "creel"), 0);
        assert_int_equal(ask(list, "creel-default2"), 0);
        assert_int_equal(ask("", "creel-default"), 0);
}

static void test_unreadable(void **state) {
        assert_int_equal(apparmor_profile_is_loaded("/nonexistent/profiles", "creel-default"), 0);
        assert_int_equal(apparmor_profile_is_loaded("/tmp", "creel-default"), -EIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_list),
                cmocka_unit_test(test_unreadable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
