/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "basic/macro.h"
#include "basic/str.h"
#include "basic/clock.h"

static uint64_t clock_read(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t clock_now_realtime_usec(void) {
        return clock_read(CLOCK_REALTIME);
}

uint64_t clock_now_monotonic_usec(void) {
        return clock_read(CLOCK_MONOTONIC);
}

char *clock_format_rfc3339(char *buf, size_t size, uint64_t usec) {
        time_t sec = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!gmtime_r(&sec, &tm)) {
                (void) snprintf(buf, size, "1970-01-01T00:00:00.000000Z");
                return buf;
        }
        (void) snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned) (usec % USEC_PER_SEC));
        return buf;
}

/* Reads exactly @n digits and moves on. */
static int read_digits(const char **s, int n, int *ret) {
        int v = 0;

        for (int i = 0; i < n; i++, (*s)++) {
                if (**s < '0' || **s > '9')
                        return -EINVAL;
                v = v * 10 + (**s - '0');
        }
        *ret = v;
        return 0;
}

static int read_fraction(const char **s, uint64_t *ret_usec) {
        uint64_t scale = USEC_PER_SEC / 10;

        *ret_usec = 0;
        if (**s != '.')
                return 0;
        (*s)++;
        if (**s < '0' || **s > '9')
                return -EINVAL;
        for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
                *ret_usec += scale * (uint64_t) (**s - '0');
        return 0;
}

static int read_offset(const char *s, int64_t *ret_sec) {
        int sign, hours, minutes;

        if (streq(s, "Z") || streq(s, "z")) {
                *ret_sec = 0;
                return 0;
        }
        sign = *s == '+' ? 1 : *s == '-' ? -1 : 0;
        if (sign == 0)
                return -EINVAL;
        s++;
        if (read_digits(&s, 2, &hours) < 0 || *s++ != ':' || read_digits(&s, 2, &minutes) < 0 || *s ||
            hours > 23 || minutes > 59)
                return -EINVAL;
        *ret_sec = sign * (hours * 3600 + minutes * 60);
        return 0;
}

int clock_parse_rfc3339(const char *s, uint64_t *ret_usec) {
        static const char separators[] = "--T::";
        static const int widths[] = { 4, 2, 2, 2, 2, 2 };
        int v[6];
        struct tm tm;
        uint64_t fraction;
        int64_t offset, sec;

        for (int i = 0; i < 6; i++) {
                if (read_digits(&s, widths[i], &v[i]) < 0)
                        return -EINVAL;
                if (i < 5 && *s != separators[i] && !(i == 2 && (*s == 't' || *s == ' ')))
                        return -EINVAL;
                if (i < 5)
                        s++;
        }
        if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60)
                return -EINVAL;
        if (read_fraction(&s, &fraction) < 0 || read_offset(s, &offset) < 0)
                return -EINVAL;

        tm = (struct tm){ .tm_year = v[0] - 1900,
                          .tm_mon = v[1] - 1,
                          .tm_mday = v[2],
                          .tm_hour = v[3],
                          .tm_min = v[4],
                          .tm_sec = v[5] };
        sec = (int64_t) timegm(&tm) - offset;
        /* Images built reproducibly carry year 1 for "no time": the epoch serves as well. */
        *ret_usec = sec < 0 ? 0 : (uint64_t) sec * USEC_PER_SEC + fraction;
        return 0;
}

char *clock_format_ago(char *buf, size_t size, uint64_t usec, uint64_t now_usec) {
        static const struct {
                uint64_t seconds;
                const char *name;
        } units[] = {
                { 365 * 86400, "year" }, { 30 * 86400, "month" }, { 7 * 86400, "week" }, { 86400, "day" },
                { 3600, "hour" },        { 60, "minute" },        { 1, "second" },
        };
        uint64_t s = now_usec > usec ? (now_usec - usec) / USEC_PER_SEC : 0;

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (s >= units[i].seconds) {
                        uint64_t n = s / units[i].seconds;

                        (void) snprintf(buf, size, "%" PRIu64 " %s%s ago", n, units[i].name,
                                        n == 1 ? "" : "s");
                        return buf;
                }
        (void) snprintf(buf, size, "just now");
        return buf;
}

static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        { "ms", USEC_PER_MSEC },
        { "us", 1 },
        { "µs", 1 },
        { "min", 60 * USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
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

/* A number of seconds or milliseconds without the zeros at its end. */
static void format_fraction(char *buf, size_t size, double v, const char *unit) {
        char *end;

        (void) snprintf(buf, size, "%.6f", v);
        end = buf + strlen(buf) - 1;
        while (*end == '0')
                *end-- = 0;
        if (*end == '.')
                *end = 0;
        (void) snprintf(buf + strlen(buf), size - strlen(buf), "%s", unit);
}

char *clock_format_duration(char *buf, size_t size, uint64_t usec) {
        uint64_t minutes = usec / (60 * USEC_PER_SEC), rest = usec % (60 * USEC_PER_SEC);
        int n = 0;

        if (usec == 0)
                (void) snprintf(buf, size, "0s");
        else if (usec < USEC_PER_MSEC)
                (void) snprintf(buf, size, "%" PRIu64 "\u00b5s", usec);
        else if (usec < USEC_PER_SEC)
                format_fraction(buf, size, (double) usec / 1000, "ms");
        else {
                if (minutes >= 60)
                        n = snprintf(buf, size, "%" PRIu64 "h%" PRIu64 "m", minutes / 60, minutes % 60);
                else if (minutes > 0)
                        n = snprintf(buf, size, "%" PRIu64 "m", minutes);
                format_fraction(buf + n, size - (size_t) n, (double) rest / 1e6, "s");
        }
        return buf;
}

int clock_parse_duration(const char *s, uint64_t *ret_usec) {
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

int clock_parse_seconds(const char *s, uint64_t *ret_usec) {
        return read_number(&s, USEC_PER_SEC, ret_usec) < 0 || *s ? -EINVAL : 0;
}
