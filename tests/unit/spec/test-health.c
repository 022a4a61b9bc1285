/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/health.h"

static char *joined(const char *text) {
        _cleanup_strv_free_ char **test = NULL;
        char *s = NULL;

        if (health_test_parse(text, &test) < 0)
                return NULL;
        assert_int_equal(strv_join(test, "|", &s), 0);
        return s;
}

static void test_forms(void **state) {
        static const struct {
                const char *text, *expected; /* NULL: refused */
        } cases[] = {
                { "none", "NONE" },
                { "curl -f http://x || exit 1", "CMD-SHELL|curl -f http://x || exit 1" },
                { "[\"curl\",\"-f\"]", "CMD|curl|-f" },
                { "[\"CMD\",\"true\"]", "CMD|true" },
                { "[\"CMD-SHELL\",\"exit 1\"]", "CMD-SHELL|exit 1" },
                { "[\"NONE\"]", "NONE" },
                { "", NULL },
                { "  ", NULL },
                { "[]", NULL },
                { "[1]", NULL },
                { "[\"a\"", NULL },
                { "[\"\"]", NULL },
                { "[\"CMD\"]", NULL },
                { "[\"CMD-SHELL\",\"a\",\"b\"]", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = joined(cases[i].text);

                if (cases[i].expected)
                        assert_string_equal(s, cases[i].expected);
                else
                        assert_null(s);
        }
}

static void set(ContainerSpec *spec, const char *key, const char *text) {
        const char *hint = NULL;

        assert_int_equal(container_spec_set_text(spec, container_spec_find(key), text, &hint), 0);
}

static char *words[] = { (char *) "CMD", (char *) "probe", NULL };

static const ImageConfig image = {
        .health_test = words,
        .health_interval_usec = 7 * USEC_PER_SEC,
        .health_retries = 2,
};

static void test_image_and_options(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
        _cleanup_(health_config_done) HealthConfig c = {};
        _cleanup_(health_config_done) HealthConfig d = {};

        assert_int_equal(health_config_get(spec, &image, &c, NULL), 0);
        assert_string_equal(c.probe.argv[0], "probe");
        assert_int_equal(c.probe.interval_usec, 7 * USEC_PER_SEC);
        assert_int_equal(c.probe.timeout_usec, HEALTH_TIMEOUT_DEFAULT_USEC);
        assert_int_equal(c.n_retries, 2);
        assert_int_equal(c.n_log_entries_max, HEALTH_LOG_ENTRIES_DEFAULT);
        assert_null(c.startup.argv);

        set(spec, "health-cmd", "exit 0");
        set(spec, "health-interval", "disable");
        set(spec, "health-retries", "5");
        set(spec, "health-startup-cmd", "[\"up\"]");
        set(spec, "health-on-failure", "kill");
        set(spec, "health-max-log-count", "0");
        assert_int_equal(health_config_get(spec, &image, &d, NULL), 0);
        assert_string_equal(d.probe.argv[2], "exit 0");
        assert_int_equal(d.probe.interval_usec, 0);
        assert_int_equal(d.n_retries, 5);
        assert_string_equal(d.startup.argv[0], "up");
        assert_int_equal(d.n_startup_successes, 1);
        assert_int_equal(d.action, HEALTH_ACTION_KILL);
        assert_int_equal(d.n_log_entries_max, HEALTH_LOG_ENTRIES_MAX);
}

static void test_nothing_to_check(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
        _cleanup_(health_config_done) HealthConfig c = {};

        assert_int_equal(health_config_get(spec, NULL, &c, NULL), 0);
        assert_null(c.probe.argv);
        set(spec, "no-healthcheck", NULL);
        assert_int_equal(health_config_get(spec, &image, &c, NULL), 0);
        assert_null(c.probe.argv);
}

static void test_conflicts(void **state) {
        static const struct {
                const char *keys[4], *values[4];
                bool with_image;
        } cases[] = {
                { { "no-healthcheck", "health-cmd" }, { NULL, "true" }, false },
                { { "no-healthcheck", "health-interval" }, { NULL, "5s" }, true },
                { { "health-interval" }, { "5s" }, false },
                { { "health-startup-cmd" }, { "true" }, false },
                { { "health-cmd", "health-startup-cmd" }, { "none", "true" }, true },
                { { "health-cmd", "health-startup-retries" }, { "true", "3" }, false },
                { { "health-on-failure" }, { "stop" }, false },
                { { "health-on-failure", "health-cmd" }, { "stop", "none" }, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
                _cleanup_failure_ Failure f = {};
                HealthConfig c = {};

                for (size_t k = 0; cases[i].keys[k]; k++)
                        set(spec, cases[i].keys[k], cases[i].values[k]);
                assert_true(health_config_get(spec, cases[i].with_image ? &image : NULL, &c, &f) < 0);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
                assert_non_null(strstr(f.text, "--"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_image_and_options),
                cmocka_unit_test(test_nothing_to_check),
                cmocka_unit_test(test_conflicts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
