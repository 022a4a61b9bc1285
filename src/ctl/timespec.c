/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <time.h>

#include "basic/clock.h"
#include "basic/str.h"
#include "ctl/timespec.h"

static int parse_local(const char *s, uint64_t *ret_usec) {
        static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                               "%Y-%m-%d %H:%M", "%Y-%m-%d" };

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(s, formats[i], &tm);
                time_t t;

                if (!end || *end)
                        continue;
                t = mktime(&tm);
                if (t < 0)
                        return -EINVAL;
                *ret_usec = (uint64_t) t * USEC_PER_SEC;
                return 0;
        }
        return -EINVAL;
}

static int parse_word(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        time_t t = (time_t) (now_usec / USEC_PER_SEC);
        struct tm tm;

        if (streq(s, "now")) {
                *ret_usec = now_usec;
                return 0;
        }
        if ((!streq(s, "today") && !streq(s, "yesterday")) || !localtime_r(&t, &tm))
                return -EINVAL;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday -= *s == 'y';
        tm.tm_isdst = -1;
        *ret_usec = (uint64_t) mktime(&tm) * USEC_PER_SEC;
        return 0;
}

int timespec_parse(const char *s, uint64_t now_usec, uint64_t *ret_usec) {
        uint64_t v;

        if (clock_parse_seconds(s + (*s == '@'), ret_usec) >= 0)
                return 0;
        if (clock_parse_duration(s + (*s == '-'), &v) >= 0) {
                *ret_usec = v < now_usec ? now_usec - v : 0;
                return 0;
        }
        if (clock_parse_rfc3339(s, ret_usec) >= 0 || parse_word(s, now_usec, ret_usec) >= 0)
                return 0;
        return parse_local(s, ret_usec);
}

int timespec_set(const Option *option, const char *text, Failure *f) {
        if (timespec_parse(text, clock_now_realtime_usec(), option->value) >= 0)
                return 0;
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "option '--%s' has '%s': must be a time such as 10m, 2026-01-02T15:04:05Z, "
                           "'2026-01-02 15:04' or @1767366245",
                           option->name, text);
}
