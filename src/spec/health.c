/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "spec/health.h"
#include "spec/json.h"

#define TEST_BYTES_MAX (1024 * 1024)

static const char *const health_action_table[] = {
        [HEALTH_ACTION_NONE] = "none",
        [HEALTH_ACTION_KILL] = "kill",
        [HEALTH_ACTION_RESTART] = "restart",
        [HEALTH_ACTION_STOP] = "stop",
};
DEFINE_STRING_TABLE(health_action, HealthAction, _HEALTH_ACTION_MAX)

void health_config_done(HealthConfig *c) {
        c->probe.argv = strv_free(c->probe.argv);
        c->test = strv_free(c->test);
        c->startup.argv = strv_free(c->startup.argv);
        c->startup_test = strv_free(c->startup_test);
        c->log_destination = mfree(c->log_destination);
}

static bool is_form(const char *word) {
        return streq(word, "NONE") || streq(word, "CMD") || streq(word, "CMD-SHELL");
}

static int parse_array(const char *text, char ***ret) {
        _cleanup_json_ json_object *holder = json_object_new_object();
        _cleanup_strv_free_ char **words = NULL, **test = NULL;
        json_object *array;
        int r;

        if (!holder)
                return -ENOMEM;
        r = json_parse(text, strlen(text), TEST_BYTES_MAX, &array);
        if (r >= 0)
                r = json_add(holder, "test", array);
        if (r >= 0)
                r = json_get_strv(holder, "test", &words);
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL;
        if (!words)
                return -EINVAL;
        if (!is_form(words[0]))
                r = strv_extend(&test, "CMD");
        if (r >= 0)
                r = strv_extend_strv(&test, words);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(test);
        return 0;
}

int health_test_parse(const char *text, char ***ret) {
        _cleanup_strv_free_ char **test = NULL, **argv = NULL;
        int r;

        if (!text[strspn(text, " \t\n")])
                return -EINVAL;
        if (*text == '[')
                r = parse_array(text, &test);
        else if (streq(text, "none"))
                r = strv_extend(&test, "NONE");
        else {
                r = strv_extend(&test, "CMD-SHELL");
                if (r >= 0)
                        r = strv_extend(&test, text);
        }
        if (r >= 0)
                r = health_test_argv(test, &argv);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(test);
        return 0;
}

int health_test_argv(char *const *test, char ***ret) {
        _cleanup_strv_free_ char **argv = NULL;
        size_t n = strv_length(test);
        int r;

        if (n == 0 || (n == 1 && streq(test[0], "NONE"))) {
                *ret = NULL;
                return 0;
        }
        if (n < 2 || !*test[1])
                return -EINVAL;
        if (streq(test[0], "CMD"))
                r = strv_copy(test + 1, &argv);
        else if (streq(test[0], "CMD-SHELL") && n == 2) {
                r = strv_extend(&argv, "/bin/sh");
                if (r >= 0)
                        r = strv_extend(&argv, "-c");
                if (r >= 0)
                        r = strv_extend(&argv, test[1]);
        } else
                return -EINVAL;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(argv);
        return 0;
}

static uint64_t pick(const ContainerSpec *spec, const char *key, uint64_t option, uint64_t image,
                     uint64_t otherwise) {
        return container_spec_has(spec, key) ? option : image > 0 ? image : otherwise;
}

static int get_probe(const ContainerSpec *spec, const ImageConfig *image, HealthConfig *c) {
        int r;

        if (spec->no_healthcheck)
                return 0;
        if (spec->health_cmd)
                r = health_test_parse(spec->health_cmd, &c->test);
        else
                r = image ? strv_copy(image->health_test, &c->test) : 0;
        if (r < 0)
                return r;
        r = health_test_argv(c->test, &c->probe.argv);
        /* An image's own nonsense is not the user's fault. */
        return r == -EINVAL && !spec->health_cmd ? 0 : r;
}

static void get_times(const ContainerSpec *spec, const ImageConfig *image, HealthConfig *c) {
        static const ImageConfig nothing = {};

        image = image ?: &nothing;
        c->probe.interval_usec = pick(spec, "health-interval", spec->health_interval_usec,
                                      image->health_interval_usec, HEALTH_INTERVAL_DEFAULT_USEC);
        c->probe.timeout_usec = pick(spec, "health-timeout", spec->health_timeout_usec,
                                     image->health_timeout_usec, HEALTH_TIMEOUT_DEFAULT_USEC);
        c->start_period_usec = pick(spec, "health-start-period", spec->health_start_period_usec,
                                    image->health_start_period_usec, 0);
        c->start_interval_usec = pick(spec, "health-start-interval", spec->health_start_interval_usec,
                                      image->health_start_interval_usec, HEALTH_START_INTERVAL_DEFAULT_USEC);
        c->n_retries = (uint32_t) pick(spec, "health-retries", (uint64_t) spec->health_retries,
                                       MIN(image->health_retries, UINT32_MAX), HEALTH_RETRIES_DEFAULT);
        c->n_log_entries_max =
                        (uint32_t) pick(spec, "health-max-log-count", (uint64_t) spec->health_max_log_count,
                                        0, HEALTH_LOG_ENTRIES_DEFAULT)
                                        ?: HEALTH_LOG_ENTRIES_MAX;
        c->n_output_bytes_max =
                        (uint32_t) pick(spec, "health-max-log-size", (uint64_t) spec->health_max_log_size, 0,
                                        HEALTH_OUTPUT_BYTES_DEFAULT)
                                        ?: HEALTH_OUTPUT_BYTES_MAX;
}

static int get_startup(const ContainerSpec *spec, HealthConfig *c) {
        int r;

        if (!spec->health_startup_cmd)
                return 0;
        c->startup.interval_usec = pick(spec, "health-startup-interval", spec->health_startup_interval_usec,
                                        0, HEALTH_INTERVAL_DEFAULT_USEC);
        c->startup.timeout_usec = pick(spec, "health-startup-timeout", spec->health_startup_timeout_usec, 0,
                                       HEALTH_TIMEOUT_DEFAULT_USEC);
        c->n_startup_retries = (uint32_t) spec->health_startup_retries;
        c->n_startup_successes = MAX((uint32_t) spec->health_startup_success, 1U);
        r = health_test_parse(spec->health_startup_cmd, &c->startup_test);
        return r < 0 ? r : health_test_argv(c->startup_test, &c->startup.argv);
}

/* Options that are about a check. */
static const char *const dependents[] = {
        "health-interval",         "health-timeout",         "health-retries",
        "health-start-period",     "health-start-interval",  "health-startup-cmd",
        "health-startup-interval", "health-startup-retries", "health-startup-success",
        "health-startup-timeout",
};

static int check_together(const ContainerSpec *spec, const HealthConfig *c, Failure *f) {
        if (spec->no_healthcheck && spec->health_cmd)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options --no-healthcheck and --health-cmd exclude each other; give one");
        for (size_t i = 0; i < ELEMENTSOF(dependents); i++) {
                if (!container_spec_has(spec, dependents[i]))
                        continue;
                if (spec->no_healthcheck)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "options --no-healthcheck and --%s exclude each other; give one",
                                           dependents[i]);
                if (startswith(dependents[i], "health-startup-") &&
                    !streq(dependents[i], "health-startup-cmd") && !spec->health_startup_cmd)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option --%s needs --health-startup-cmd", dependents[i]);
                if (!c->probe.argv && !(spec->health_cmd && !spec->health_startup_cmd))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option --%s needs a health check, and the image has none; add "
                                           "--health-cmd",
                                           dependents[i]);
        }
        if (c->action != HEALTH_ACTION_NONE && !c->probe.argv)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option --health-on-failure needs a health check, and there is none; add "
                                   "--health-cmd");
        return 0;
}

int health_config_get(const ContainerSpec *spec, const ImageConfig *image, HealthConfig *ret, Failure *f) {
        _cleanup_(health_config_done) HealthConfig c = {};
        int r;

        r = get_probe(spec, image, &c);
        if (r >= 0)
                r = get_startup(spec, &c);
        if (r < 0)
                return r;
        get_times(spec, image, &c);
        r = health_action_from_string(spec->health_on_failure);
        c.action = r < 0 ? HEALTH_ACTION_NONE : (HealthAction) r;
        r = spec->health_log_destination && !streq(spec->health_log_destination, "local")
                            ? string_set(&c.log_destination, spec->health_log_destination)
                            : 0;
        if (r >= 0)
                r = check_together(spec, &c, f);
        if (r < 0)
                return r;
        *ret = c;
        c = (HealthConfig){};
        return 0;
}
