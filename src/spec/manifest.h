/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"
#include "spec/digest.h"
#include "spec/platform.h"

/* Image manifests and indexes: OCI image-spec 1.1 (manifest.md, image-index.md) and Docker's schema2
 * manifest and manifest list, which differ in their media types only. At most MANIFEST_BYTES_MAX bytes,
 * IMAGE_LAYERS_MAX layers, MANIFEST_ENTRIES_MAX entries of an index. */

#define MANIFEST_BYTES_MAX (4 * 1024 * 1024)
#define MANIFEST_ENTRIES_MAX 1024

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

typedef enum ManifestKind {
        MANIFEST_IMAGE,
        MANIFEST_INDEX,
} ManifestKind;

typedef struct Descriptor {
        char *media_type; /* never NULL */
        Digest digest;
        uint64_t size_bytes;
        bool has_platform;
        Platform platform; /* of an index's entry */
} Descriptor;

typedef struct Manifest {
        ManifestKind kind;
        char *media_type;  /* one of MEDIA_* */
        Descriptor config; /* of an image */
        Descriptor *items; /* the layers of an image from the base, or the entries of an index */
        size_t n_items;
} Manifest;

Manifest *manifest_free(Manifest *m);
DEFINE_CLEANUP(Manifest, manifest_free)

/* Parses either kind. @content_type: what the registry calls the document, may be NULL; the document's own
 * mediaType comes first, and its shape decides where neither says. Entries of an index that no container
 * host can run (attestations, foreign digest algorithms, platforms beyond the grammar) are left out.
 * -EPROTONOSUPPORT: a schema1 manifest, or something that is no container image. -EBADMSG: malformed, or a
 * document that can be read as both kinds. -EFBIG: too large. In all three cases *@reterr_message (static
 * text, may be NULL) says what is wrong. */
int manifest_parse(const char *data, size_t n_bytes, const char *content_type, Manifest **ret,
                   const char **reterr_message);

/* The entry of an index that suits @wanted best, the first among equals; an entry that names no platform
 * only where none that does suits. NULL: none. Borrowed. */
const Descriptor *manifest_choose(const Manifest *index, const Platform *wanted);

/* "none", "gzip" or "zstd" for the media type of a layer; NULL for any other. */
const char *manifest_layer_compression(const char *media_type);
