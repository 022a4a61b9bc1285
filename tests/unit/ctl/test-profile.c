/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/profile.h"

static int read_option(const char *value, ContainerSpec *s, Failure *f) {
        _cleanup_free_ char *option = NULL;
        const char *hint;

        assert_int_equal(string_format(&option, "seccomp=%s", value), 0);
        assert_int_equal(container_spec_set_text(s, container_spec_find("security-opt"), option, &hint), 0);
        return profile_read(s, f);
}

static void test_read(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        char path[] = "/tmp/test-profile-XXXXXX";
        _cleanup_close_ int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, "{}", 2), 0);
        assert_int_equal(profile_read(s, NULL), 0);
        assert_int_equal(read_option("unconfined", s, NULL), 0);
        assert_null(s->seccomp_profile);
        assert_int_equal(read_option(path, s, NULL), 0);
        assert_string_equal(s->seccomp_profile, "{}");
        assert_true(container_spec_has(s, "seccomp-profile"));
        (void) unlink(path);
}

static void test_refused(void **state) {
        static const char *const bad[] = { "/no/such/file", "/tmp", "/dev/null/x" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
                _cleanup_failure_ Failure f = {};

                assert_true(read_option(bad[i], s, &f) < 0);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
                assert_non_null(strstr(f.text, bad[i]));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_read), cmocka_unit_test(test_refused) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
