/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/macro.h"

#include "test.h"

static void test_parse(void **state) {
        static const struct {
                const char *text;
                uint64_t usec;
        } good[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "1970-01-01T00:00:01.5z", 1500000 },
                { "2026-01-02T03:04:05.000006Z", UINT64_C(1767323045000006) },
                { "2026-01-02 03:04:05Z", UINT64_C(1767323045000000) },
                { "2026-01-02t04:04:05+01:00", UINT64_C(1767323045000000) },
                { "2026-01-01T22:34:05-04:30", UINT64_C(1767323045000000) },
                { "2024-02-29T23:59:59.999999999Z",
                  UINT64_C(1709251199999999) }, /* beyond microseconds is cut off */
                { "0001-01-01T00:00:00Z", 0 },  /* "no time" of reproducible images */
        };
        uint64_t usec;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(clock_parse_rfc3339(good[i].text, &usec), 0);
                assert_int_equal(usec, good[i].usec);
        }
}

static void test_parse_refuses(void **state) {
        static const char *const bad[] = {
                "",
                "2026",
                "2026-01-02",
                "2026-01-02T03:04:05",
                "2026-01-02T03:04Z",
                "2026-1-02T03:04:05Z",
                "2026-13-02T03:04:05Z",
                "2026-00-02T03:04:05Z",
                "2026-01-32T03:04:05Z",
                "2026-01-02T24:04:05Z",
                "2026-01-02T03:60:05Z",
                "2026-01-02T03:04:61Z",
                "2026-01-02T03:04:05.Z",
                "2026-01-02T03:04:05Zx",
                "2026-01-02T03:04:05+0100",
                "2026-01-02T03:04:05+24:00",
                "2026-01-02T03:04:05+01:60",
                "2026-01-02T03:04:05+01:0",
                "2026-01-02T03:04:05+01",
                "2026-01-02x03:04:05Z",
                "-026-01-02T03:04:05Z",
                " 2026-01-02T03:04:05Z",
        };
        uint64_t usec = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(clock_parse_rfc3339(bad[i], &usec), -EINVAL);
                assert_int_equal(usec, 7);
        }
}

static void test_round_trip(void **state) {
        static const uint64_t times[] = { 0, 1, 999999, UINT64_C(1767323045000006),
                                          UINT64_C(4102444799999999) };
        char buf[32];
        uint64_t usec;

        assert_string_equal(clock_format_rfc3339(buf, sizeof(buf), UINT64_C(1767323045000006)),
                            "2026-01-02T03:04:05.000006Z");
        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                assert_int_equal(
                                clock_parse_rfc3339(clock_format_rfc3339(buf, sizeof(buf), times[i]), &usec),
                                0);
                assert_int_equal(usec, times[i]);
        }
}

static void test_ago(void **state) {
        const uint64_t now = UINT64_C(1767323045000000);
        char buf[32];

        assert_string_equal(clock_format_ago(buf, sizeof(buf), now, now), "just now");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now + USEC_PER_SEC, now),
                            "just now"); /* the clock was set back */
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now - USEC_PER_SEC, now), "1 second ago");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now - 59 * USEC_PER_SEC, now),
                            "59 seconds ago");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now - 60 * USEC_PER_SEC, now),
                            "1 minute ago");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now - 7200 * USEC_PER_SEC, now),
                            "2 hours ago");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), now - 13 * 86400 * USEC_PER_SEC, now),
                            "1 week ago");
        assert_string_equal(clock_format_ago(buf, sizeof(buf), 0, now), "56 years ago");
}

static void test_duration(void **state) {
        static const char *const bad[] = {
                "", "5", "s", "5x", "1..5s", "-1s", "5s ", "99999999999999999999h"
        };
        uint64_t v;

        assert_int_equal(clock_parse_duration("1m30s", &v), 0);
        assert_int_equal(v, 90 * USEC_PER_SEC);
        assert_int_equal(clock_parse_duration("1.5h", &v), 0);
        assert_int_equal(v, 5400 * USEC_PER_SEC);
        assert_int_equal(clock_parse_duration("500ms", &v), 0);
        assert_int_equal(v, 500 * USEC_PER_MSEC);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(clock_parse_duration(bad[i], &v), -EINVAL);
        assert_int_equal(clock_parse_seconds("1.25", &v), 0);
        assert_int_equal(v, 1250 * USEC_PER_MSEC);
        assert_int_equal(clock_parse_seconds("1s", &v), -EINVAL);
}

static void test_now(void **state) {
        uint64_t realtime = clock_now_realtime_usec(), monotonic = clock_now_monotonic_usec();

        assert_true(realtime > UINT64_C(1600000000000000));
        assert_true(clock_now_monotonic_usec() >= monotonic);
}

static void test_format_duration(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } rows[] = {
                { 0, "0s" },
                { 7, "7\u00b5s" },
                { 1500, "1.5ms" },
                { 1000000, "1s" },
                { 90500000, "1m30.5s" },
                { 3600 * USEC_PER_SEC, "1h0m0s" },
                { 100 * 3600 * USEC_PER_SEC + 1, "100h0m0.000001s" },
        };
        char buf[48];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_string_equal(clock_format_duration(buf, sizeof(buf), rows[i].usec), rows[i].text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_format_duration),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_refuses),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_ago),
                cmocka_unit_test(test_duration),
                cmocka_unit_test(test_now),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
