/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <errno.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/health-log.h"

static char *argv[] = { (char *) "probe", NULL };

static HealthDemand note(HealthLog *log, const HealthConfig *config, bool grace, int exit_code) {
        HealthResult result = { .start_usec = 1000000, .end_usec = 2000000, .exit_code = exit_code };
        HealthDemand demand;

        result.output = strdup("said");
        assert_int_equal(health_log_note(log, config, grace, &result, &demand), 0);
        assert_null(result.output);
        return demand;
}

static const HealthConfig plain = {
        .probe.argv = argv, .n_retries = 3, .n_log_entries_max = 5, .n_output_bytes_max = 500
};

static void test_failures_in_a_row(void **state) {
        _cleanup_(health_log_done) HealthLog log = {};

        health_log_begin(&log, &plain);
        assert_int_equal(log.status, HEALTH_STARTING);
        assert_int_equal(note(&log, &plain, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &plain, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.status, HEALTH_STARTING);
        assert_int_equal(note(&log, &plain, false, -1), HEALTH_DEMAND_ACTION);
        assert_int_equal(log.status, HEALTH_UNHEALTHY);
        /* once for each time that it becomes so */
        assert_int_equal(note(&log, &plain, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.n_failing, 4);
        assert_int_equal(note(&log, &plain, false, 0), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.status, HEALTH_HEALTHY);
        assert_int_equal(log.n_failing, 0);
        assert_int_equal(note(&log, &plain, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.status, HEALTH_HEALTHY);
}

static void test_the_start_period_ends_with_a_success(void **state) {
        _cleanup_(health_log_done) HealthLog log = {};

        health_log_begin(&log, &plain);
        for (int i = 0; i < 10; i++)
                assert_int_equal(note(&log, &plain, true, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.status, HEALTH_STARTING);
        assert_int_equal(log.n_failing, 0);
        assert_int_equal(note(&log, &plain, true, 0), HEALTH_DEMAND_NOTHING);
        for (int i = 0; i < 2; i++)
                assert_int_equal(note(&log, &plain, true, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &plain, true, 1), HEALTH_DEMAND_ACTION);
}

static void test_startup(void **state) {
        HealthConfig config = plain;
        _cleanup_(health_log_done) HealthLog log = {};

        config.startup.argv = argv;
        config.n_startup_successes = 2;
        config.n_startup_retries = 3;
        health_log_begin(&log, &config);
        assert_true(health_log_is_starting_up(&log, &config));
        assert_int_equal(note(&log, &config, false, 0), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &config, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &config, false, 0), HEALTH_DEMAND_NOTHING);
        assert_true(health_log_is_starting_up(&log, &config));
        assert_int_equal(note(&log, &config, false, 0), HEALTH_DEMAND_NOTHING);
        assert_false(health_log_is_starting_up(&log, &config));
        assert_int_equal(log.status, HEALTH_STARTING);
        assert_int_equal(note(&log, &config, false, 0), HEALTH_DEMAND_NOTHING);
        assert_int_equal(log.status, HEALTH_HEALTHY);

        health_log_begin(&log, &config);
        assert_int_equal(note(&log, &config, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &config, false, 1), HEALTH_DEMAND_NOTHING);
        assert_int_equal(note(&log, &config, false, 1), HEALTH_DEMAND_RESTART);
}

static void test_limits(void **state) {
        HealthConfig config = plain;
        _cleanup_(health_log_done) HealthLog log = {};

        config.n_log_entries_max = 2;
        config.n_output_bytes_max = 3;
        health_log_begin(&log, &config);
        for (int i = 1; i <= 4; i++)
                (void) note(&log, &config, false, i);
        assert_int_equal(log.n_results, 2);
        assert_int_equal(log.results[0].exit_code, 3);
        assert_int_equal(log.results[1].exit_code, 4);
        assert_string_equal(log.results[1].output, "sai");
}

static void test_output(void **state) {
        static const struct {
                const char *text;
                size_t max;
                const char *expected;
        } cases[] = {
                { "", 5, "" },
                { "abc", 0, "" },
                { "a\xc3\xa4"
                  "b",
                  2, "a" },
                { "a\xc3\xa4"
                  "b",
                  3, "a\xc3\xa4" },
                { "\xff\xc3", 9, "??" },
                { "\xe0\x80\x80", 9, "???" },
                { "\xed\xa0\x80", 9, "???" },
                { "\xf4\x90\x80\x80", 9, "????" },
                { "\xf0\x9f\x90\x9f", 4, "\xf0\x9f\x90\x9f" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = strdup(cases[i].text);

                health_output_clean(s, cases[i].max);
                assert_string_equal(s, cases[i].expected);
        }
}

static void test_file(void **state) {
        _cleanup_(health_log_done) HealthLog log = {};
        _cleanup_(health_log_done) HealthLog again = {};
        _cleanup_free_ char *text = NULL, *text2 = NULL;

        health_log_begin(&log, &plain);
        for (int i = 0; i < 3; i++)
                (void) note(&log, &plain, false, 1);
        assert_int_equal(health_log_format(&log, &text), 0);
        assert_int_equal(health_log_parse(text, strlen(text), &again), 0);
        assert_int_equal(again.status, HEALTH_UNHEALTHY);
        assert_int_equal(again.n_results, 3);
        assert_int_equal(again.results[2].end_usec, 2000000);
        assert_int_equal(health_log_format(&again, &text2), 0);
        assert_string_equal(text, text2);
}

static void test_bad_files(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "[]",
                ("{\"Status\":\"\",\"FailingStreak\":0,\"Log\":[],\"Startup\":{\"Successes\":0,\"Failures\":"
                 "0,"
                 "\"Over\":true}}"),
                ("{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":[{}],\"Startup\":{\"Successes\":0,"
                 "\"Failures\":0,\"Over\":true}}"),
                "{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":[]}",
        };
        HealthLog log = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(health_log_parse(bad[i], strlen(bad[i]), &log), -EBADMSG);
        assert_int_equal(log.n_results, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_failures_in_a_row),
                cmocka_unit_test(test_the_start_period_ends_with_a_success),
                cmocka_unit_test(test_startup),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_output),
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_bad_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
