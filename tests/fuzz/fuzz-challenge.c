/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "basic/memory.h"
#include "pull/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s) {
        for (; s && *s; s++)
                if (((unsigned char) *s < ' ' && *s != '\t') || *s == 0x7f)
                        abort();
}

/* No control character gets through, and a Bearer challenge is never without its realm. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *s = strndup((const char *) data, size);
        _cleanup_challenge_ Challenge c = {};

        if (!s || challenge_parse(s, &c) < 0)
                return 0;
        if (c.scheme == CHALLENGE_BEARER && (!c.realm || !*c.realm))
                abort();
        check_clean(c.realm);
        check_clean(c.service);
        check_clean(c.scope);
        check_clean(c.error);
        /* A second header never takes back what the first one offered. */
        if (challenge_parse("Basic realm=\"x\"", &c) < 0 || c.scheme == CHALLENGE_NONE)
                abort();
        return 0;
}
