/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/image-record.h"
#include "store/store.h"

/* Images on disk: their records (images/<config hex>.json, spec/image-record.h), blobs, and references:
 *
 *     refs/<hex>.json = { "version": 1, "reference": S, "image": config digest, "digest": what the tag
 * points at }
 *
 * named by the SHA-256 of the reference, because a reference may be longer than a file name. */

typedef struct Ref {
        char *reference; /* fully qualified */
        Digest image;    /* the configuration's digest */
        Digest digest;   /* of the manifest or index that the registry serves under it */
} Ref;

Ref *ref_free(Ref *r);
DEFINE_CLEANUP(Ref, ref_free)

/* -EBADMSG: damaged. */
int ref_parse(const char *data, size_t n_bytes, Ref **ret);
int ref_load(Store *s, const char *name, Ref **ret);
/* Puts the reference's file into the staging directory; nothing is visible yet. */
int ref_stage(int staging_fd, const Ref *r);
int ref_commit(Store *s, int staging_fd);
int ref_remove(Store *s, const char *reference);

int image_load(Store *s, const char *name, ImageRecord **ret);
/* Checks the digest of every blob that the record lists, as they lie in the staging directory (named
 * sha256-<hex>), and puts the record beside them. -EBADMSG: a blob is not what its name says. */
int image_stage(int staging_fd, const ImageRecord *record);
int image_commit(Store *s, int staging_fd, const ImageRecord *record);
/* Takes away the record; blobs that no other image needs are the caller's to name. */
int image_remove(Store *s, const ImageRecord *record);
int blob_remove(Store *s, const Digest *digest);
/* Reads a whole blob, checking its digest. -EBADMSG: damaged. */
int blob_read(Store *s, const Digest *digest, char **ret, size_t *ret_size);
