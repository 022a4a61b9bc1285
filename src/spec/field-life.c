/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/field-life.h"
#include "spec/health.h"
#include "spec/restart-policy.h"

#define HEALTH_TIME_MAX_USEC (24 * 3600 * USEC_PER_SEC)

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

const char *field_check_restart(const void *value) {
        RestartPolicy policy;

        return restart_policy_parse(string_of(value), &policy) >= 0
                               ? NULL
                               : "must be no, on-failure, on-failure:NUMBER, always or unless-stopped";
}

const char *field_check_health_cmd(const void *value) {
        _cleanup_strv_free_ char **test = NULL;

        return health_test_parse(string_of(value), &test) >= 0
                               ? NULL
                               : "must be a shell command, a JSON array of strings, or none";
}

const char *field_check_health_startup_cmd(const void *value) {
        return streq(string_of(value), "none") ? "must be a shell command or a JSON array of strings"
                                               : field_check_health_cmd(value);
}

const char *field_check_health_action(const void *value) {
        return health_action_from_string(string_of(value)) >= 0 ? NULL
                                                                : "must be none, kill, restart or stop";
}

const char *field_check_health_log(const void *value) {
        const char *s = string_of(value);

        return streq(s, "local") || streq(s, "events_logger") || *s == '/'
                               ? NULL
                               : "must be local, events_logger or the absolute path of a directory";
}

/* 0 turns the timer off. */
const char *field_check_health_interval(const void *value) {
        uint64_t v = *(const uint64_t *) value;

        return v == 0 || (v >= USEC_PER_MSEC && v <= HEALTH_TIME_MAX_USEC)
                               ? NULL
                               : "must be a time from 1ms to 24h, or 'disable'";
}

const char *field_check_health_time(const void *value) {
        uint64_t v = *(const uint64_t *) value;

        return v >= USEC_PER_MSEC && v <= HEALTH_TIME_MAX_USEC ? NULL : "must be a time from 1ms to 24h";
}

const char *field_check_health_period(const void *value) {
        return *(const uint64_t *) value <= HEALTH_TIME_MAX_USEC ? NULL : "must be a time of at most 24h";
}

const char *field_check_count_from_1(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= 1 && v <= 1000000 ? NULL : "must be a number from 1 to 1000000";
}

const char *field_check_count_from_0(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= 0 && v <= 1000000 ? NULL : "must be a number from 0 to 1000000";
}

const char *field_check_health_log_count(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= 0 && v <= HEALTH_LOG_ENTRIES_MAX ? NULL : "must be a number from 0 to 1000";
}

const char *field_check_health_log_size(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= 0 && v <= HEALTH_OUTPUT_BYTES_MAX ? NULL : "must be a number of bytes from 0 to 65536";
}
