/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/env-merge.h"

#define NAME_CHARS ALPHANUMERIC "_"
#define DEPTH_MAX 8

typedef struct Buffer {
        char *data;
        size_t n, allocated;
} Buffer;

static int append(Buffer *b, const char *s, size_t n) {
        if (!GREEDY_REALLOC(b->data, b->allocated, b->n + n + 1))
                return -ENOMEM;
        memcpy(b->data + b->n, s, n);
        b->n += n;
        b->data[b->n] = 0;
        return 0;
}

static int expand(const char *s, size_t n, char *const *env, unsigned depth, Buffer *b);

/* The end of the braces that begin in front of @s: the '}' that belongs to them. */
static const char *closing(const char *s, const char *end) {
        unsigned open = 1;

        for (; s < end; s++) {
                if (*s == '{')
                        open++;
                else if (*s == '}' && --open == 0)
                        return s;
        }
        return NULL;
}

/* What stands behind "${", up to and with the "}". */
static int expand_braces(const char *s, const char *end, char *const *env, unsigned depth, Buffer *b,
                         const char **ret_next) {
        const char *close = closing(s, end), *word, *value;
        _cleanup_free_ char *name = NULL;
        size_t n = strspn(s, NAME_CHARS);

        if (!close || n == 0 || s + n > close)
                return -EINVAL;
        name = strndup(s, n);
        if (!name)
                return -ENOMEM;
        *ret_next = close + 1;
        value = strempty(strv_env_get(env, name));
        if (s + n == close)
                return append(b, value, strlen(value));
        if (s[n] != ':' || !strchr("-+", s[n + 1]) || s + n + 2 > close)
                return -EINVAL;
        word = s + n + 2;
        if (s[n + 1] == '-' && *value)
                return append(b, value, strlen(value));
        if (s[n + 1] == '+' && !*value)
                return 0;
        return expand(word, (size_t) (close - word), env, depth + 1, b);
}

static int expand(const char *s, size_t n, char *const *env, unsigned depth, Buffer *b) {
        const char *end = s + n;
        int r = append(b, "", 0);

        if (depth > DEPTH_MAX)
                return -EINVAL;
        while (r >= 0 && s < end) {
                size_t n_name = *s == '$' ? strspn(s + 1, NAME_CHARS) : 0;

                if (*s == '\\' && s + 1 < end) {
                        r = append(b, s + 1, 1);
                        s += 2;
                } else if (*s == '$' && s[1] == '{')
                        r = expand_braces(s + 2, end, env, depth, b, &s);
                else if (n_name > 0) {
                        _cleanup_free_ char *name = strndup(s + 1, n_name);
                        const char *value = name ? strempty(strv_env_get(env, name)) : NULL;

                        r = value ? append(b, value, strlen(value)) : -ENOMEM;
                        s += 1 + n_name;
                } else
                        r = append(b, s++, 1);
        }
        return r;
}

int env_merge(const char *assignment, char *const *env, char **ret) {
        const char *equals = strchr(assignment, '=');
        Buffer b = {};
        int r;

        if (!equals || equals == assignment)
                return -EINVAL;
        r = append(&b, assignment, (size_t) (equals + 1 - assignment));
        if (r >= 0)
                r = expand(equals + 1, strlen(equals + 1), env, 0, &b);
        if (r < 0) {
                free(b.data);
                return r;
        }
        *ret = b.data;
        return 0;
}
