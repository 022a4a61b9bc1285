/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <time.h>

#include "basic/clock.h"
#include "basic/str.h"
#include "ctl/timespec.h"

static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        { "ms", USEC_PER_MSEC },       { "min", 60 * USEC_PER_SEC }, { "m", 60 * USEC_PER_SEC },
        { "sec", USEC_PER_SEC },       { "s", USEC_PER_SEC },        { "h", 3600 * USEC_PER_SEC },
        { "d", 86400 * USEC_PER_SEC },
};

/* One number with its fraction, in units of @scale. */
static int read_number(const char **s, uint64_t scale, uint64_t *ret) {
        uint64_t v = 0, part = scale;

        if (!strchr(DIGITS, **s) || !**s)
                return -EINVAL;
        for (; **s >= '0' && **s <= '9'; (*s)++)
                if (__builtin_mul_overflow(v, 10, &v) ||
                    __builtin_add_overflow(v, (uint64_t) (**s - '0'), &v))
                        return -EINVAL;
        if (__builtin_mul_overflow(v, scale, &v))
                return -EINVAL;
        if (**s == '.')
                for ((*s)++; **s >= '0' && **s <= '9'; (*s)++) {
                        part /= 10;
                        if (__builtin_add_overflow(v, part * (uint64_t) (**s - '0'), &v))
                                return -EINVAL;
                }
        *ret = v;
        return 0;
}

static int parse_duration(const char *s, uint64_t *ret_usec) {
        uint64_t sum = 0, v;

        do {
                const char *number = s;
                size_t i;

                s += strspn(s, DIGITS ".");
                for (i = 0; i < ELEMENTSOF(units); i++)
                        if (startswith(s, units[i].name))
                                break;
                if (s == number || i == ELEMENTSOF(units))
                        return -EINVAL;
                if (read_number(&number, units[i].usec, &v) < 0 || number != s ||
                    __builtin_add_overflow(sum, v, &sum))
                        return -EINVAL;
                s += strlen(units[i].name);
        } while (*s);
        *ret_usec = sum;
        return 0;
}

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
        const char *p = s + (*s == '@');
        uint64_t v;

        if (read_number(&p, USEC_PER_SEC, &v) >= 0 && !*p) {
                *ret_usec = v;
                return 0;
        }
        if (parse_duration(s + (*s == '-'), &v) >= 0) {
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
