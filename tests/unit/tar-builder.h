/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "image/tar-header.h"
#include "image/tar.h"

/* A tar stream made byte by byte in memory, and given out in chunks of a chosen size. */
typedef struct TarBuilder {
        uint8_t data[256 * 1024];
        size_t n_bytes;
        size_t chunk_bytes; /* 0: all at once */
        size_t position;
} TarBuilder;

static inline void builder_add(TarBuilder *b, const void *data, size_t n_bytes) {
        memcpy(b->data + b->n_bytes, data, n_bytes);
        b->n_bytes += n_bytes;
        while (b->n_bytes % TAR_BLOCK_BYTES != 0)
                b->data[b->n_bytes++] = 0;
}

static inline void header_finish(TarHeader *h) {
        unsigned sum = 0;

        memset(h->checksum, ' ', sizeof(h->checksum));
        for (size_t i = 0; i < sizeof(*h); i++)
                sum += ((const uint8_t *) h)[i];
        (void) snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
}

static inline TarHeader header_new(const char *name, char type, const char *link, size_t n_bytes) {
        TarHeader h = { .type = type };

        (void) snprintf(h.name, sizeof(h.name), "%s", name);
        (void) snprintf(h.link, sizeof(h.link), "%s", link);
        (void) snprintf(h.mode, sizeof(h.mode), "%07o", type == '5' ? 0755U : 0644U);
        (void) snprintf(h.uid, sizeof(h.uid), "%07o", 0U);
        (void) snprintf(h.gid, sizeof(h.gid), "%07o", 0U);
        (void) snprintf(h.size, sizeof(h.size), "%011o", (unsigned) n_bytes & 07777777777U);
        (void) snprintf(h.mtime, sizeof(h.mtime), "%011o", 1000U);
        memcpy(h.magic, "ustar", sizeof(h.magic));
        memcpy(h.version, "00", sizeof(h.version));
        return h;
}

static inline void builder_header(TarBuilder *b, TarHeader h) {
        header_finish(&h);
        builder_add(b, &h, sizeof(h));
}

static inline void builder_member(TarBuilder *b, const char *name, char type, const char *link,
                                  const char *content) {
        builder_header(b, header_new(name, type, link, strlen(content)));
        builder_add(b, content, strlen(content));
}

static inline void builder_end(TarBuilder *b) {
        static const uint8_t zeros[2 * TAR_BLOCK_BYTES];

        builder_add(b, zeros, sizeof(zeros));
}

/* A TarSource. */
static inline int builder_read(void *userdata, const void **ret, size_t *ret_size) {
        TarBuilder *b = userdata;
        size_t n = b->n_bytes - b->position;

        if (n == 0)
                return 0;
        if (b->chunk_bytes > 0 && n > b->chunk_bytes)
                n = b->chunk_bytes;
        *ret = b->data + b->position;
        *ret_size = n;
        b->position += n;
        return 1;
}
