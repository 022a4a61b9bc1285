/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>

#include "basic/memory.h"
#include "basic/str.h"

bool endswith(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return m <= n && streq(s + n - m, suffix);
}

bool string_in_charset(const char *s, const char *allowed) {
        return s[strspn(s, allowed)] == 0;
}

int string_set(char **dest, const char *s) {
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return -ENOMEM;
        }
        free(*dest);
        *dest = copy;
        return 0;
}

int string_format(char **ret, const char *format, ...) {
        va_list ap;
        char *s;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        *ret = s;
        return 0;
}

int parse_u64(const char *s, uint64_t *ret) {
        uint64_t v = 0;

        if (isempty(s))
                return -EINVAL;
        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(v, 10, &v) ||
                    __builtin_add_overflow(v, (uint64_t) (*s - '0'), &v))
                        return -ERANGE;
        }
        *ret = v;
        return 0;
}

int parse_u32(const char *s, uint32_t *ret) {
        uint64_t v;
        int r;

        r = parse_u64(s, &v);
        if (r < 0)
                return r;
        if (v > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) v;
        return 0;
}

int parse_i64(const char *s, int64_t *ret) {
        bool negative = s && *s == '-';
        uint64_t v;
        int r;

        r = parse_u64(negative ? s + 1 : s, &v);
        if (r < 0)
                return r;
        if (v > (uint64_t) INT64_MAX)
                return -ERANGE;
        *ret = negative ? -(int64_t) v : (int64_t) v;
        return 0;
}

int parse_boolean(const char *s, bool *ret) {
        static const char *const words[][2] = {
                { "0", "1" },
                { "no", "yes" },
                { "false", "true" },
                { "off", "on" },
        };

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                for (int v = 0; v < 2; v++)
                        if (streq(s, words[i][v])) {
                                *ret = v;
                                return 0;
                        }
        return -EINVAL;
}

/* The decimals behind the point, in units of 10^-9. */
static int parse_decimals(const char *s, size_t n, uint64_t *ret) {
        uint64_t v = 0;

        if (n == 0)
                return -EINVAL;
        for (size_t i = 0; i < 9; i++)
                v = v * 10 + (i < n ? (uint64_t) (s[i] - '0') : 0);
        *ret = v;
        return 0;
}

/* "k", "kb", "KiB", ...: the exponent of 1024. */
static int parse_bytes_suffix(const char *suffix, unsigned *ret) {
        static const char suffixes[] = "bkmgt";
        const char *found = strchr(suffixes, tolower((unsigned char) *suffix));

        if (!found || !*found)
                return -EINVAL;
        suffix++;
        if (found != suffixes &&
            (streq(suffix, "i") || strcasecmp(suffix, "ib") == 0 || strcasecmp(suffix, "b") == 0))
                suffix += strlen(suffix);
        if (*suffix)
                return -EINVAL;
        *ret = (unsigned) (found - suffixes);
        return 0;
}

int parse_bytes(const char *s, uint64_t *ret_bytes) {
        _cleanup_free_ char *number = NULL;
        uint64_t v, fraction = 0;
        unsigned exponent = 0;
        const char *suffix;
        int r;

        if (isempty(s))
                return -EINVAL;
        suffix = s + strspn(s, DIGITS);
        number = strndup(s, (size_t) (suffix - s));
        if (!number)
                return -ENOMEM;
        r = parse_u64(number, &v);
        if (r < 0)
                return r;
        if (*suffix == '.') {
                size_t n = strspn(suffix + 1, DIGITS);

                r = parse_decimals(suffix + 1, n, &fraction);
                suffix += 1 + n;
                if (r < 0 || !*suffix) /* a part of a byte */
                        return -EINVAL;
        }
        r = *suffix ? parse_bytes_suffix(suffix, &exponent) : 0;
        if (r < 0)
                return r;
        if (__builtin_mul_overflow(v, UINT64_C(1) << 10 * exponent, &v) ||
            __builtin_add_overflow(
                            v,
                            (uint64_t) ((double) fraction * 1e-9 * (double) (UINT64_C(1) << 10 * exponent)),
                            &v))
                return -ERANGE;
        *ret_bytes = v;
        return 0;
}

char *format_bytes(char *buf, size_t size, uint64_t bytes) {
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
        double v = (double) bytes;
        size_t unit = 0;

        while (v >= 1000 && unit + 1 < ELEMENTSOF(units)) {
                v /= 1000;
                unit++;
        }
        (void) snprintf(buf, size, unit > 0 && v < 100 ? "%.3g%s" : "%.0f%s", v, units[unit]);
        return buf;
}

void hex_encode(const uint8_t *data, size_t n, char *out) {
        for (size_t i = 0; i < n; i++) {
                out[2 * i] = LOWERCASE_HEX[data[i] >> 4];
                out[2 * i + 1] = LOWERCASE_HEX[data[i] & 15];
        }
        out[2 * n] = 0;
}

int id_generate(char ret[static 65]) {
        uint8_t bytes[32];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return negative_errno();
        hex_encode(bytes, sizeof(bytes), ret);
        return 0;
}
