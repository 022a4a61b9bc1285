/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/str.h"
#include "ctl/timespec.h"
#include "test.h"

#define NOW (UINT64_C(1700000000) * USEC_PER_SEC) /* 2023-11-14T22:13:20Z */

static void expect(const char *s, uint64_t want) {
        uint64_t usec = 0;

        if (timespec_parse(s, NOW, &usec) < 0)
                fail_msg("%s is refused", s);
        assert_int_equal(usec, want);
}

static int setup(void **state) {
        static char zone[] = "TZ=UTC-1", *env[] = { zone, NULL };

        environ = env;
        tzset();
        return 0;
}

static void test_relative(void **state) {
        expect("10m", NOW - 600 * USEC_PER_SEC);
        expect("-10min", NOW - 600 * USEC_PER_SEC);
        expect("1h30m", NOW - 5400 * USEC_PER_SEC);
        expect("1.5s", NOW - 1500 * USEC_PER_MSEC);
        expect("250ms", NOW - 250 * USEC_PER_MSEC);
        expect("2d", NOW - 172800 * USEC_PER_SEC);
        expect("100000d", 0);
        expect("now", NOW);
}

static void test_absolute(void **state) {
        expect("1700000000", NOW);
        expect("@1700000000.25", NOW + 250 * USEC_PER_MSEC);
        expect("2023-11-14T22:13:20Z", NOW);
        expect("2023-11-14T22:13:20+02:00", NOW - 7200 * USEC_PER_SEC);
        /* local time is an hour ahead of UTC here */
        expect("2023-11-14 23:13:20", NOW);
        expect("2023-11-14T23:13", NOW - 20 * USEC_PER_SEC);
        expect("2023-11-15", NOW + 2800 * USEC_PER_SEC);
        expect("today", NOW + 2800 * USEC_PER_SEC - 86400 * USEC_PER_SEC);
        expect("yesterday", NOW + 2800 * USEC_PER_SEC - 2 * 86400 * USEC_PER_SEC);
}

static void test_refused(void **state) {
        static const char *const bad[] = { "",           "-",
                                           "@",
                                           "x",          "10y",
                                           "m",          "1.2.3s",
                                           "1h ",        "--1h",
                                           "2023-13-01", "tod",
                                           "10m bla",    "99999999999999999999",
                                           "1e3s",       "2023-11-14T25:00" };
        uint64_t usec = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                if (timespec_parse(bad[i], NOW, &usec) >= 0)
                        fail_msg("'%s' is taken for %" PRIu64, bad[i], usec);
        }
}

static void test_option(void **state) {
        _cleanup_failure_ Failure f = {};
        uint64_t usec = 0;
        const Option option = { "since", 0, "TIME", "", timespec_set, &usec };

        assert_int_equal(timespec_set(&option, "@5", NULL), 0);
        assert_int_equal(usec, 5 * USEC_PER_SEC);
        assert_int_equal(timespec_set(&option, "soon", &f), -EINVAL);
        assert_non_null(strstr(f.text, "'--since' has 'soon'"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_relative),
                cmocka_unit_test(test_absolute),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_option),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
