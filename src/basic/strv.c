/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

char **strv_free(char **l) {
        for (char **i = l; i && *i; i++)
                free(*i);
        free(l);
        return NULL;
}

size_t strv_length(char *const *l) {
        size_t n = 0;

        STRV_FOREACH(i, l)
                n++;
        return n;
}

int strv_consume(char ***l, char *s) {
        size_t n = strv_length(*l);
        char **grown;

        if (!s)
                return -ENOMEM;
        /* Room doubles at the powers of two, so that building a long vector stays linear. */
        if ((n & (n + 1)) == 0 || !*l) {
                grown = reallocarray(*l, 2 * n + 2, sizeof(char *));
                if (!grown) {
                        free(s);
                        return -ENOMEM;
                }
                *l = grown;
        }
        (*l)[n] = s;
        (*l)[n + 1] = NULL;
        return 0;
}

int strv_extend(char ***l, const char *s) {
        return strv_consume(l, strdup(s));
}

int strv_extend_strv(char ***l, char *const *other) {
        STRV_FOREACH(i, other) {
                int r = strv_extend(l, *i);

                if (r < 0)
                        return r;
        }
        return 0;
}

int strv_copy(char *const *l, char ***ret) {
        _cleanup_strv_free_ char **copy = NULL;
        int r;

        r = strv_extend_strv(&copy, l);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(copy);
        return 0;
}

bool strv_contains(char *const *l, const char *s) {
        STRV_FOREACH(i, l)
                if (streq(*i, s))
                        return true;
        return false;
}

bool strv_equal(char *const *a, char *const *b) {
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

int strv_split(const char *s, const char *separators, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        int r;

        for (;;) {
                size_t n;

                s += strspn(s, separators);
                n = strcspn(s, separators);
                if (n == 0)
                        break;
                r = strv_consume(&l, strndup(s, n));
                if (r < 0)
                        return r;
                s += n;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int strv_join(char *const *l, const char *separator, char **ret) {
        size_t size = 1, n_separator = strlen(separator);
        char *s, *p;

        STRV_FOREACH(i, l)
                size += strlen(*i) + n_separator;
        s = p = malloc(size);
        if (!s)
                return -ENOMEM;
        STRV_FOREACH(i, l) {
                if (p != s)
                        p = mempcpy(p, separator, n_separator);
                p = mempcpy(p, *i, strlen(*i));
        }
        *p = 0;
        *ret = s;
        return 0;
}

static char **strv_env_find(char *const *env, const char *name, size_t n_name) {
        STRV_FOREACH(i, env)
                if (strncmp(*i, name, n_name) == 0 && (*i)[n_name] == '=')
                        return (char **) i;
        return NULL;
}

int strv_env_set(char ***env, const char *assignment) {
        const char *equals = strchr(assignment, '=');
        char **slot, *copy;

        if (!equals || equals == assignment)
                return -EINVAL;

        slot = strv_env_find(*env, assignment, (size_t) (equals - assignment));
        if (!slot)
                return strv_extend(env, assignment);

        copy = strdup(assignment);
        if (!copy)
                return -ENOMEM;
        free(*slot);
        *slot = copy;
        return 0;
}

const char *strv_env_get(char *const *env, const char *name) {
        size_t n = strlen(name);
        char **slot = strv_env_find(env, name, n);

        return slot ? *slot + n + 1 : NULL;
}

void strv_env_unset(char **env, const char *name) {
        size_t n = strlen(name);
        char **to = env;

        for (char **from = env; from && *from; from++)
                if (strncmp(*from, name, n) == 0 && (*from)[n] == '=')
                        free(*from);
                else
                        *to++ = *from;
        if (env)
                *to = NULL;
}
