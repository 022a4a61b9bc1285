/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/health-log.h"
#include "spec/json.h"

#define TIME_END_USEC (UINT64_C(253402300800) * USEC_PER_SEC) /* the year 10000 */

static const char *const health_status_table[] = {
        [HEALTH_NONE] = "",
        [HEALTH_STARTING] = "starting",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_UNHEALTHY] = "unhealthy",
};
DEFINE_STRING_TABLE(health_status, HealthStatus, _HEALTH_STATUS_MAX)

void health_log_done(HealthLog *log) {
        for (size_t i = 0; i < log->n_results; i++)
                free(log->results[i].output);
        free(log->results);
        *log = (HealthLog){};
}

void health_log_begin(HealthLog *log, const HealthConfig *config) {
        health_log_done(log);
        log->status = HEALTH_STARTING;
        log->startup_over = !config->startup.argv;
}

bool health_log_is_starting_up(const HealthLog *log, const HealthConfig *config) {
        return config->startup.argv && !log->startup_over;
}

/* Bytes of the character at @s; 0: it is none in UTF-8. */
static size_t character_bytes(const char *s) {
        const uint8_t *b = (const uint8_t *) s;
        size_t n = b[0] < 0x80                   ? 1
                   : b[0] >= 0xc2 && b[0] < 0xe0 ? 2
                   : b[0] >= 0xe0 && b[0] < 0xf0 ? 3
                   : b[0] >= 0xf0 && b[0] < 0xf5 ? 4
                                                 : 0;

        for (size_t i = 1; i < n; i++)
                if ((b[i] & 0xc0) != 0x80)
                        return 0;
        /* overlong forms, surrogates, beyond the last */
        if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
            (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
                return 0;
        return n;
}

void health_output_clean(char *output, size_t max_bytes) {
        for (size_t i = 0; output[i];) {
                size_t n = character_bytes(output + i);

                if (n == 0) {
                        output[i] = '?';
                        n = 1;
                }
                if (i + n > max_bytes) {
                        output[i] = 0;
                        return;
                }
                i += n;
        }
}

static void drop_oldest(HealthLog *log, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(log->results[i].output);
        memmove(log->results, log->results + n, (log->n_results - n) * sizeof(*log->results));
        log->n_results -= n;
}

static void make_room(HealthLog *log, size_t n_max, size_t n_bytes) {
        size_t n = log->n_results >= n_max ? log->n_results - n_max + 1 : 0;

        for (size_t i = log->n_results; i > n; i--) {
                n_bytes += strlen(strempty(log->results[i - 1].output));
                if (n_bytes > HEALTH_LOG_OUTPUT_BYTES_MAX) {
                        n = i;
                        break;
                }
        }
        if (n > 0)
                drop_oldest(log, n);
}

static int append_result(HealthLog *log, size_t n_max, HealthResult *result) {
        HealthResult *results;

        make_room(log, n_max, strlen(strempty(result->output)));
        results = reallocarray(log->results, log->n_results + 1, sizeof(*results));
        if (!results)
                return -ENOMEM;
        log->results = results;
        log->results[log->n_results++] = *result;
        *result = (HealthResult){};
        return 0;
}

static HealthDemand note_startup(HealthLog *log, const HealthConfig *config, bool good) {
        if (good) {
                if (++log->n_startup_successes >= config->n_startup_successes)
                        log->startup_over = true;
                return HEALTH_DEMAND_NOTHING;
        }
        log->n_startup_successes = 0;
        log->n_startup_failures++;
        return config->n_startup_retries > 0 && log->n_startup_failures >= config->n_startup_retries
                               ? HEALTH_DEMAND_RESTART
                               : HEALTH_DEMAND_NOTHING;
}

static HealthDemand note_regular(HealthLog *log, const HealthConfig *config, bool good, bool grace) {
        if (good) {
                log->n_failing = 0;
                log->status = HEALTH_HEALTHY;
                return HEALTH_DEMAND_NOTHING;
        }
        if (grace && log->status == HEALTH_STARTING)
                return HEALTH_DEMAND_NOTHING;
        if (++log->n_failing < config->n_retries || log->status == HEALTH_UNHEALTHY)
                return HEALTH_DEMAND_NOTHING;
        log->status = HEALTH_UNHEALTHY;
        return HEALTH_DEMAND_ACTION;
}

int health_log_note(HealthLog *log, const HealthConfig *config, bool grace, HealthResult *result,
                    HealthDemand *ret) {
        bool startup = health_log_is_starting_up(log, config), good = result->exit_code == 0;
        int r;

        if (result->output)
                health_output_clean(result->output, config->n_output_bytes_max);
        r = append_result(log, config->n_log_entries_max, result);
        if (r < 0)
                return r;
        *ret = startup ? note_startup(log, config, good) : note_regular(log, config, good, grace);
        return 0;
}

static int add_time(json_object *o, const char *key, uint64_t usec) {
        char buf[32];

        return json_add_string(o, key, clock_format_rfc3339(buf, sizeof(buf), usec));
}

static int result_to_json(const HealthResult *result, json_object *array) {
        json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = add_time(o, "Start", result->start_usec);
        if (r >= 0)
                r = add_time(o, "End", result->end_usec);
        if (r >= 0)
                r = json_add_i64(o, "ExitCode", result->exit_code);
        if (r >= 0)
                r = json_add_string(o, "Output", strempty(result->output));
        if (r >= 0 && json_object_array_add(array, o) < 0)
                r = -ENOMEM;
        if (r < 0)
                (void) json_object_put(o);
        return r;
}

int health_log_to_json(const HealthLog *log, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object(), *array = json_object_new_array();
        int r;

        if (!o || !array)
                return -ENOMEM;
        r = json_add_string(o, "Status", health_status_to_string(log->status));
        if (r >= 0)
                r = json_add_u64(o, "FailingStreak", log->n_failing);
        for (size_t i = 0; i < log->n_results && r >= 0; i++)
                r = result_to_json(log->results + i, array);
        if (r >= 0)
                r = json_add(o, "Log", TAKE_PTR(array));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

int health_log_format(const HealthLog *log, char **ret) {
        _cleanup_json_ json_object *o = NULL;
        json_object *startup = json_object_new_object();
        int r = startup ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_u64(startup, "Successes", log->n_startup_successes);
        if (r >= 0)
                r = json_add_u64(startup, "Failures", log->n_startup_failures);
        if (r >= 0)
                r = json_add_boolean(startup, "Over", log->startup_over);
        if (r >= 0)
                r = health_log_to_json(log, &o);
        if (r < 0) {
                (void) json_object_put(startup);
                return r;
        }
        r = json_add(o, "Startup", startup);
        return r < 0 ? r : json_format(o, true, ret);
}

static int parse_result(json_object *o, HealthResult *ret) {
        _cleanup_free_ char *output = NULL;
        HealthResult result = {};
        const char *start, *end;

        if (!json_object_is_type(o, json_type_object) || json_get_string(o, "Start", &start) < 0 ||
            json_get_string(o, "End", &end) < 0 || clock_parse_rfc3339(start, &result.start_usec) < 0 ||
            clock_parse_rfc3339(end, &result.end_usec) < 0 || result.start_usec >= TIME_END_USEC ||
            result.end_usec >= TIME_END_USEC || json_get_i64(o, "ExitCode", &result.exit_code) < 0 ||
            json_dup_string(o, "Output", &output) < 0)
                return -EBADMSG;
        result.output = TAKE_PTR(output);
        *ret = result;
        return 0;
}

static int parse_results(json_object *o, HealthLog *log) {
        json_object *array;
        int r;

        if (json_get(o, "Log", json_type_array, &array) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                HealthResult result = {};

                r = parse_result(json_object_array_get_idx(array, i), &result);
                if (r >= 0)
                        r = append_result(log, HEALTH_LOG_ENTRIES_MAX, &result);
                free(result.output);
                if (r < 0)
                        return r;
        }
        return 0;
}

int health_log_parse(const char *data, size_t n_bytes, HealthLog *ret) {
        _cleanup_(health_log_done) HealthLog log = {};
        _cleanup_json_ json_object *o = NULL;
        json_object *startup;
        const char *status;
        int r;

        r = json_parse(data, n_bytes, HEALTH_LOG_BYTES_MAX, &o);
        if (r < 0)
                return r;
        if (json_get_string(o, "Status", &status) < 0 ||
            json_get_u64(o, "FailingStreak", &log.n_failing) < 0 ||
            json_get(o, "Startup", json_type_object, &startup) < 0 ||
            json_get_u64(startup, "Successes", &log.n_startup_successes) < 0 ||
            json_get_u64(startup, "Failures", &log.n_startup_failures) < 0 ||
            json_get_boolean(startup, "Over", &log.startup_over) < 0)
                return -EBADMSG;
        r = health_status_from_string(status);
        if (r <= HEALTH_NONE)
                return -EBADMSG;
        log.status = (HealthStatus) r;
        r = parse_results(o, &log);
        if (r < 0)
                return r;
        *ret = log;
        log = (HealthLog){};
        return 0;
}
