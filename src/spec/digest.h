/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Content digests. OCI image-spec 1.1, descriptor.md, "digest": algorithm ":" encoded. Only sha256 is
 * accepted: sha512 is registered too, but no registry serves images by it, and every name in the store would
 * have to carry its algorithm. */

#define DIGEST_HEX_LENGTH 64
#define DIGEST_STRING_LENGTH (sizeof("sha256:") - 1 + DIGEST_HEX_LENGTH)

typedef struct Digest {
        char string[DIGEST_STRING_LENGTH + 1]; /* "sha256:" and 64 lower-case hexadecimal digits */
} Digest;

/* -EINVAL: not "sha256:" and 64 lower-case hexadecimal digits. -EPROTONOSUPPORT: well-formed, another
 * algorithm. */
int digest_parse(const char *s, Digest *ret);
bool digest_equal(const Digest *a, const Digest *b);
/* The part behind the colon. */
const char *digest_hex(const Digest *d);
bool digest_hex_is_valid(const char *s);
/* The digest of @n_bytes at @data. */
void digest_compute(const void *data, size_t n_bytes, Digest *ret);

/* Incremental form. */
typedef struct DigestStream {
        struct sha256_ctx context;
} DigestStream;

void digest_stream_init(DigestStream *stream);
void digest_stream_update(DigestStream *stream, const void *data, size_t n_bytes);
void digest_stream_final(DigestStream *stream, Digest *ret);
