/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/str.h"
#include "spec/digest.h"

#define PREFIX "sha256:"

bool digest_hex_is_valid(const char *s) {
        return strspn(s, LOWERCASE_HEX) == DIGEST_HEX_LENGTH && s[DIGEST_HEX_LENGTH] == 0;
}

/* algorithm = component *( [+._-] component ), component = [a-z0-9]+; encoded = [a-zA-Z0-9=_-]+ */
static bool digest_is_well_formed(const char *s) {
        const char *encoded;

        do {
                size_t n = strspn(s, DIGITS LOWERCASE);

                if (n == 0)
                        return false;
                s += n;
        } while (*s && strchr("+._-", *s) && s++);
        if (*s != ':')
                return false;
        encoded = s + 1;
        return *encoded && string_in_charset(encoded, ALPHANUMERIC "=_-");
}

int digest_parse(const char *s, Digest *ret) {
        const char *hex = startswith(s, PREFIX);

        if (!hex)
                return digest_is_well_formed(s) ? -EPROTONOSUPPORT : -EINVAL;
        if (!digest_hex_is_valid(hex))
                return -EINVAL;
        memcpy(ret->string, s, sizeof(ret->string));
        return 0;
}

bool digest_equal(const Digest *a, const Digest *b) {
        return streq(a->string, b->string);
}

const char *digest_hex(const Digest *d) {
        return d->string + sizeof(PREFIX) - 1;
}

void digest_stream_init(DigestStream *stream) {
        sha256_init(&stream->context);
}

void digest_stream_update(DigestStream *stream, const void *data, size_t n_bytes) {
        sha256_update(&stream->context, n_bytes, data);
}

void digest_stream_final(DigestStream *stream, Digest *ret) {
        uint8_t raw[SHA256_DIGEST_SIZE];

        sha256_digest(&stream->context, sizeof(raw), raw);
        memcpy(ret->string, PREFIX, sizeof(PREFIX) - 1);
        hex_encode(raw, sizeof(raw), ret->string + sizeof(PREFIX) - 1);
}

void digest_compute(const void *data, size_t n_bytes, Digest *ret) {
        DigestStream stream;

        digest_stream_init(&stream);
        digest_stream_update(&stream, data, n_bytes);
        digest_stream_final(&stream, ret);
}
