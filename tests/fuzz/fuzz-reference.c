/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const char *text, const char *full) {
        _cleanup_free_ char *again = NULL;
        Reference r;

        if (reference_parse(text, &r, NULL) < 0 || reference_format(&r, &again) < 0 || !streq(again, full))
                abort();
        reference_done(&r);
}

/* The full and the short form of whatever parses mean the same as the input. Digests likewise. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *s = strndup((const char *) data, size), *full = NULL, *brief = NULL;
        const char *message = NULL;
        Reference r;
        Digest d;

        if (!s)
                return 0;
        if (digest_parse(s, &d) >= 0 && !streq(d.string, s))
                abort();
        (void) reference_registry_is_loopback(s);
        if (reference_parse(s, &r, &message) < 0) {
                if (!message)
                        abort();
                return 0;
        }
        if (reference_format(&r, &full) < 0 || reference_format_short(&r, &brief) < 0)
                abort();
        reference_done(&r);
        check_same(full, full);
        check_same(brief, full);
        return 0;
}
