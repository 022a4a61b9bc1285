/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"
#include "spec/digest.h"
#include "spec/image-config.h"

/* What the store keeps of one image, written by creel-pull out of documents that it has verified, and read
 * by creeld, which never sees the registry's own bytes. One JSON object:
 *
 *     { "version": 1, "manifestDigest": D, "manifestMediaType": S, "indexDigest": D (optional),
 *       "configDigest": D, "layers": [ { "digest": D, "diffId": D, "size": N, "mediaType": S } ],
 *       "blobs": [ D ], "config": { image config } }
 *
 * "blobs" lists what lies in blobs/sha256/: manifest, index, config. The image's id is the config's digest,
 * as in docker and podman. */

#define IMAGE_RECORD_BYTES_MAX (8 * 1024 * 1024)

typedef struct ImageLayer {
        Digest digest, diff_id;
        uint64_t size_bytes; /* of the blob as transferred */
        char *media_type;
} ImageLayer;

typedef struct ImageRecord {
        Digest manifest_digest, config_digest, index_digest;
        bool has_index;
        char *manifest_media_type;
        ImageLayer *layers; /* from the base */
        size_t n_layers;
        Digest *blobs;
        size_t n_blobs;
        ImageConfig *config;
} ImageRecord;

ImageRecord *image_record_free(ImageRecord *r);
DEFINE_CLEANUP(ImageRecord, image_record_free)

/* -EBADMSG: malformed, a missing key, layers and diff IDs that do not match. -EFBIG: too large. */
int image_record_parse(const char *data, size_t n_bytes, ImageRecord **ret);
/* The JSON text. */
int image_record_format(const ImageRecord *r, char **ret);
