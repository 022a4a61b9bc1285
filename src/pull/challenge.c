/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <strings.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "pull/challenge.h"

#define TOKEN_CHARACTERS ALPHANUMERIC "!#$%&'*+-.^_`|~"
#define TOKEN68_CHARACTERS ALPHANUMERIC "-._~+/"
#define BLANK " \t"

typedef struct Cursor {
        const char *p;
        unsigned n_parameters;
} Cursor;

void challenge_done(Challenge *c) {
        free(c->realm);
        free(c->service);
        free(c->scope);
        free(c->error);
        *c = (Challenge) {};
}

static size_t skip(Cursor *c, const char *characters) {
        size_t n = strspn(c->p, characters);

        c->p += n;
        return n;
}

static int read_quoted(Cursor *c, char **ret) {
        _cleanup_free_ char *value = NULL;
        char *q;

        value = q = malloc(strlen(c->p) + 1);
        if (!value)
                return -ENOMEM;
        for (c->p++; *c->p != '"'; c->p++) {
                if (*c->p == '\\')
                        c->p++;
                if (!*c->p)
                        return -EBADMSG;
                *q++ = *c->p;
        }
        c->p++;
        *q = 0;
        *ret = TAKE_PTR(value);
        return 0;
}

static int read_value(Cursor *c, char **ret) {
        const char *start;

        if (*c->p == '"')
                return read_quoted(c, ret);
        /* Bare values with "/" and ":" in them are not allowed, but seen. */
        start = c->p;
        if (skip(c, TOKEN_CHARACTERS "/:@?=") == 0)
                return -EBADMSG;
        *ret = strndup(start, (size_t) (c->p - start));
        return *ret ? 0 : -ENOMEM;
}

static char **parameter_slot(Challenge *challenge, const char *name, size_t n) {
        static const struct {
                const char *name;
                size_t offset;
        } slots[] = {
                { "realm", offsetof(Challenge, realm) },
                { "service", offsetof(Challenge, service) },
                { "scope", offsetof(Challenge, scope) },
                { "error", offsetof(Challenge, error) },
        };

        for (size_t i = 0; i < ELEMENTSOF(slots); i++)
                if (strlen(slots[i].name) == n && strncasecmp(slots[i].name, name, n) == 0)
                        return (char **) ((char *) challenge + slots[i].offset);
        return NULL;
}

/* 1: read a parameter. 0: what stands there is none; the cursor has not moved. */
static int read_parameter(Cursor *c, Challenge *challenge) {
        _cleanup_free_ char *value = NULL;
        const char *name = c->p;
        size_t n = skip(c, TOKEN_CHARACTERS);
        char **slot;
        int r;

        (void) skip(c, BLANK);
        if (n == 0 || *c->p != '=') {
                c->p = name;
                return 0;
        }
        if (++c->n_parameters > CHALLENGE_PARAMETERS_MAX)
                return -EBADMSG;
        c->p++;
        (void) skip(c, BLANK);
        r = read_value(c, &value);
        if (r < 0)
                return r;
        slot = parameter_slot(challenge, name, n);
        if (slot && !*slot)
                *slot = TAKE_PTR(value);
        return 1;
}

static bool skip_token68(Cursor *c) {
        const char *start = c->p;

        if (skip(c, TOKEN68_CHARACTERS) > 0) {
                (void) skip(c, "=");
                (void) skip(c, BLANK);
                if (!*c->p || *c->p == ',')
                        return true;
        }
        c->p = start;
        return false;
}

static int read_challenge(Cursor *c, Challenge *ret) {
        const char *scheme = c->p;
        size_t n = skip(c, TOKEN_CHARACTERS);
        int r;

        if (n == 0)
                return -EBADMSG;
        if (*c->p && !strchr(BLANK ",", *c->p))
                return -EBADMSG;
        if (n == strlen("Bearer") && strncasecmp(scheme, "Bearer", n) == 0)
                ret->scheme = CHALLENGE_BEARER;
        else if (n == strlen("Basic") && strncasecmp(scheme, "Basic", n) == 0)
                ret->scheme = CHALLENGE_BASIC;
        if (skip(c, BLANK) > 0 && skip_token68(c))
                return 0;
        for (;;) {
                (void) skip(c, BLANK ",");
                r = read_parameter(c, ret);
                if (r <= 0)
                        return r;
                (void) skip(c, BLANK);
                if (*c->p && *c->p != ',')
                        return -EBADMSG;
        }
}

static bool challenge_is_usable(const Challenge *c) {
        return c->scheme == CHALLENGE_BASIC || (c->scheme == CHALLENGE_BEARER && !isempty(c->realm));
}

int challenge_parse(const char *header, Challenge *ret) {
        _cleanup_challenge_ Challenge best = {};
        Cursor c = { .p = header };
        int r;

        if (strlen(header) > CHALLENGE_BYTES_MAX)
                return -EBADMSG;
        for (const char *p = header; *p; p++)
                if (((unsigned char) *p < ' ' && *p != '\t') || *p == 0x7f)
                        return -EBADMSG;

        for ((void) skip(&c, BLANK ","); *c.p; (void) skip(&c, BLANK ",")) {
                _cleanup_challenge_ Challenge next = {};

                r = read_challenge(&c, &next);
                if (r < 0)
                        return r;
                if (challenge_is_usable(&next) && next.scheme > best.scheme) {
                        challenge_done(&best);
                        best = next;
                        next = (Challenge) {};
                }
        }
        if (best.scheme > ret->scheme) {
                challenge_done(ret);
                *ret = best;
                best = (Challenge) {};
        }
        return 0;
}
