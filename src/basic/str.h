/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "basic/macro.h"

#define DIGITS "0123456789"
#define LOWERCASE "abcdefghijklmnopqrstuvwxyz"
#define UPPERCASE "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALPHANUMERIC DIGITS LOWERCASE UPPERCASE
#define LOWERCASE_HEX DIGITS "abcdef"

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* As streq(), where NULL equals only NULL. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a == b || (a && b && streq(a, b));
}

static inline bool isempty(const char *s) {
        return !s || !*s;
}

static inline const char *strempty(const char *s) {
        return s ?: "";
}

/* The rest of @s behind @prefix, or NULL where @s does not start with it. */
static inline const char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool endswith(const char *s, const char *suffix);

/* True when every byte of @s is one of @allowed; true for the empty string. */
bool string_in_charset(const char *s, const char *allowed);

/* Replaces *@dest by a copy of @s (NULL clears). -ENOMEM leaves it untouched. */
int string_set(char **dest, const char *s);

/* asprintf() that returns 0 or -ENOMEM, and sets *@ret only on success. */
int string_format(char **ret, const char *format, ...) _printf_(2, 3);

/* Whole-string decimal numbers: no sign, blank, or leftover. -EINVAL: not a number. -ERANGE: does not fit.
 */
int parse_u32(const char *s, uint32_t *ret);
int parse_u64(const char *s, uint64_t *ret);
/* The same with an optional minus sign. */
int parse_i64(const char *s, int64_t *ret);
/* "1"/"0", yes/no, true/false, on/off, in lower case. */
int parse_boolean(const char *s, bool *ret);
/* Bytes with an optional suffix b, k, m, g, t (powers of 1024, either case, and "kb", "kib" forms) as podman
 * takes them; with a suffix also fractions, as in "1.5g". */
int parse_bytes(const char *s, uint64_t *ret_bytes);

/* Formats @bytes for people: "512B", "1.5MB" in powers of 1000, as podman and docker print sizes. */
char *format_bytes(char *buf, size_t size, uint64_t bytes);

/* Appends the lower-case hexadecimal form of @n bytes to @out, which has room for 2*@n+1. */
void hex_encode(const uint8_t *data, size_t n, char *out);

/* A fresh identifier of 64 lower-case hexadecimal digits from getrandom(2). */
int id_generate(char ret[static 65]);
