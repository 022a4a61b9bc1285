/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <sys/resource.h>

#include "basic/str.h"
#include "spec/ulimit.h"

#include "test.h"

static void test_parse(void **state) {
        static const struct {
                const char *text, *name;
                uint64_t soft, hard;
        } rows[] = {
                { "nofile=1024:2048", "RLIMIT_NOFILE", 1024, 2048 },
                { "nofile=7", "RLIMIT_NOFILE", 7, 7 },
                { "RLIMIT_CORE=0:-1", "RLIMIT_CORE", 0, UINT64_MAX },
                { "NPROC=unlimited", "RLIMIT_NPROC", UINT64_MAX, UINT64_MAX },
                { "rlimit_stack=infinity", "RLIMIT_STACK", UINT64_MAX, UINT64_MAX },
                { "rttime=0", "RLIMIT_RTTIME", 0, 0 },
        };
        static const char *const bad[] = {
                "",           "nofile",      "nofile=",      "nofile=a",
                "nofile=2:1", "nofile=-1:5", "nofile=1:2:3", "nofile=1:",
                "=1",         "nothing=1",   "RLIMIT_=1",    "nofile= 1",
                "nofile=-2",  "nofile=1.5",  "host",         "nofile=99999999999999999999"
        };
        Ulimit u;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(ulimit_parse(rows[i].text, &u), 0);
                assert_string_equal(u.name, rows[i].name);
                assert_int_equal(u.soft, rows[i].soft);
                assert_int_equal(u.hard, rows[i].hard);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (ulimit_parse(bad[i], &u) != -EINVAL)
                        fail_msg("%s passes", bad[i]);
}

static void test_names(void **state) {
        assert_string_equal(ulimit_name(RLIMIT_NOFILE), "RLIMIT_NOFILE");
        assert_null(ulimit_name(-1));
        assert_null(ulimit_name(1000));
        for (int i = 0; i < (int) RLIM_NLIMITS; i++)
                assert_int_equal(ulimit_resource(ulimit_name(i)), i);
        assert_int_equal(ulimit_resource("RLIMIT_NOTHING"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
