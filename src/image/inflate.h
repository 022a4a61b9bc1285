/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* Undoes the compression of a layer. OCI image-spec 1.1, layer.md, "+gzip" and "+zstd" media types; RFC 1952
 * with several members; RFC 8878 with several frames and windows up to 128 MiB. Checksums are verified where
 * the format has them. */

#define INFLATE_WINDOW_LOG_MAX 27

typedef enum Compression {
        COMPRESSION_NONE,
        COMPRESSION_GZIP,
        COMPRESSION_ZSTD,
        _COMPRESSION_MAX,
} Compression;

const char *compression_to_string(Compression c);
int compression_from_string(const char *s);

typedef struct Inflater Inflater;

int inflater_new(Compression compression, Inflater **ret);
Inflater *inflater_free(Inflater *i);
DEFINE_CLEANUP(Inflater, inflater_free)

/* What is left to read and the room that is left to write. */
typedef struct InflateBuffers {
        const uint8_t *in;
        size_t n_in;
        uint8_t *out;
        size_t n_out;
} InflateBuffers;

/* Goes on until the input is used up or the room is. A full room means that there may be more to come
 * without more input. FAILURE_REGISTRY: not such a stream, or a damaged one. */
int inflater_run(Inflater *i, InflateBuffers *b, Failure *reterr);

/* After the last input: FAILURE_REGISTRY where the stream is not complete. */
int inflater_finish(Inflater *i, Failure *reterr);
