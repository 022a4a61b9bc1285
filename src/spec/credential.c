/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/credential.h"

#define ID_BYTES_MAX 255

void credential_done(Credential *c) {
        c->id = mfree(c->id);
        c->value = mfree(c->value);
        c->path = mfree(c->path);
}

static bool id_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > ID_BYTES_MAX || streq(s, ".") || streq(s, ".."))
                return false;
        for (; *s; s++)
                if (*s < ' ' || *s > '~' || *s == '/')
                        return false;
        return true;
}

static int digits(const char *s, size_t n, const char *alphabet, unsigned base, unsigned *ret) {
        unsigned value = 0;

        for (size_t i = 0; i < n; i++) {
                const char *p = s[i] ? strchr(alphabet, s[i] >= 'A' && s[i] <= 'F' ? s[i] - 'A' + 'a' : s[i])
                                     : NULL;

                if (!p)
                        return -EINVAL;
                value = value * base + (unsigned) (p - alphabet);
        }
        if (value > 255)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* One escape behind the backslash. Returns its length. */
static int unescape_one(const char *s, char *ret) {
        static const char letters[] = "abfnrtv\\\"'s", meanings[] = "\a\b\f\n\r\t\v\\\"' ";
        const char *p = *s ? strchr(letters, *s) : NULL;
        unsigned value;

        if (p) {
                *ret = meanings[p - letters];
                return 1;
        }
        if (*s == 'x' && digits(s + 1, 2, LOWERCASE_HEX, 16, &value) >= 0) {
                *ret = (char) value;
                return 3;
        }
        if (digits(s, 3, "01234567", 8, &value) >= 0) {
                *ret = (char) value;
                return 3;
        }
        return -EINVAL;
}

static int unescape(const char *s, char **ret, size_t *ret_bytes) {
        _cleanup_free_ char *value = malloc(strlen(s) + 1);
        size_t n = 0;

        if (!value)
                return -ENOMEM;
        for (; *s; s++) {
                int k;

                if (*s != '\\') {
                        value[n++] = *s;
                        continue;
                }
                k = unescape_one(s + 1, value + n++);
                if (k < 0)
                        return k;
                s += k;
        }
        value[n] = 0;
        *ret = TAKE_PTR(value);
        *ret_bytes = n;
        return 0;
}

static int split(const char *text, Credential *c, const char **ret_rest) {
        const char *colon = strchr(text, ':');

        if (!colon)
                return -EINVAL;
        c->id = strndup(text, (size_t) (colon - text));
        if (!c->id)
                return -ENOMEM;
        *ret_rest = colon + 1;
        return id_is_valid(c->id) ? 0 : -EINVAL;
}

int credential_parse_set(const char *text, Credential *ret, const char **reterr_hint) {
        _cleanup_(credential_done) Credential c = {};
        const char *rest;
        int r;

        *reterr_hint = "must be ID:VALUE, where VALUE may have C escapes such as \\n and is at most 1m";
        r = split(text, &c, &rest);
        if (r >= 0)
                r = unescape(rest, &c.value, &c.n_bytes);
        if (r < 0)
                return r;
        if (c.n_bytes > CREDENTIAL_BYTES_MAX)
                return -EINVAL;
        *ret = c;
        c = (Credential){};
        return 0;
}

int credential_parse_load(const char *text, Credential *ret, const char **reterr_hint) {
        _cleanup_(credential_done) Credential c = {};
        const char *rest;
        int r;

        *reterr_hint = "must be ID:PATH, where PATH is absolute";
        r = split(text, &c, &rest);
        if (r < 0)
                return r;
        if (*rest != '/' || strlen(rest) > 4095)
                return -EINVAL;
        c.path = strdup(rest);
        if (!c.path)
                return -ENOMEM;
        *ret = c;
        c = (Credential){};
        return 0;
}
