/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"
#include "store/image.h"

#define BLOB_BYTES_MAX (4 * 1024 * 1024)
#define REF_BYTES_MAX 4096

/* Names inside a transfer's staging directory. */
#define STAGED_RECORD "record.json"
#define STAGED_REF "ref.json"

Ref *ref_free(Ref *r) {
        if (!r)
                return NULL;
        free(r->reference);
        return mfree(r);
}

static int get_digest(json_object *o, const char *key, Digest *ret) {
        const char *s;

        if (json_get_string(o, key, &s) < 0 || digest_parse(s, ret) < 0)
                return -EBADMSG;
        return 0;
}

int ref_parse(const char *data, size_t n_bytes, Ref **ret) {
        _cleanup_(ref_freep) Ref *ref = new0(Ref, 1);
        _cleanup_json_ json_object *o = NULL;
        uint64_t version;
        int r;

        if (!ref)
                return -ENOMEM;
        r = json_parse(data, n_bytes, REF_BYTES_MAX, &o);
        if (r < 0)
                return r;
        r = json_dup_string(o, "reference", &ref->reference);
        if (r < 0)
                return r;
        if (json_get_u64(o, "version", &version) < 0 || version != 1 || isempty(ref->reference) ||
            get_digest(o, "image", &ref->image) < 0 || get_digest(o, "digest", &ref->digest) < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(ref);
        return 0;
}

int ref_load(Store *s, const char *name, Ref **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read(s->refs_fd, name, REF_BYTES_MAX, &text, &size);
        return r < 0 ? r : ref_parse(text, size, ret);
}

static int ref_name(const char *reference, char **ret) {
        Digest d;

        digest_compute(reference, strlen(reference), &d);
        return string_format(ret, "%s.json", digest_hex(&d));
}

int ref_stage(int staging_fd, const Ref *ref) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "version", 1);
        if (r >= 0)
                r = json_add_string(o, "reference", ref->reference);
        if (r >= 0)
                r = json_add_string(o, "image", ref->image.string);
        if (r >= 0)
                r = json_add_string(o, "digest", ref->digest.string);
        if (r >= 0)
                r = json_format(o, false, &text);
        return r < 0 ? r : file_write_atomic(staging_fd, STAGED_REF, text, strlen(text), 0644, 0);
}

int ref_commit(Store *s, int staging_fd) {
        _cleanup_(ref_freep) Ref *ref = NULL;
        _cleanup_free_ char *name = NULL, *text = NULL;
        size_t size;
        int r;

        r = file_read(staging_fd, STAGED_REF, REF_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = ref_parse(text, size, &ref);
        if (r >= 0)
                r = ref_name(ref->reference, &name);
        if (r < 0)
                return r;
        return renameat(staging_fd, STAGED_REF, s->refs_fd, name) < 0 ? negative_errno() : 0;
}

int ref_remove(Store *s, const char *reference) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = ref_name(reference, &name);
        if (r < 0)
                return r;
        return unlinkat(s->refs_fd, name, 0) < 0 ? negative_errno() : 0;
}

int image_load(Store *s, const char *name, ImageRecord **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read(s->images_fd, name, IMAGE_RECORD_BYTES_MAX, &text, &size);
        return r < 0 ? r : image_record_parse(text, size, ret);
}

static int blob_verify(int dirfd, const char *name, const Digest *digest, char **ret, size_t *ret_size) {
        _cleanup_free_ char *data = NULL;
        Digest got;
        size_t size;
        int r;

        r = file_read(dirfd, name, BLOB_BYTES_MAX, &data, &size);
        if (r < 0)
                return r;
        digest_compute(data, size, &got);
        if (!digest_equal(&got, digest))
                return -EBADMSG;
        if (ret) {
                *ret = TAKE_PTR(data);
                *ret_size = size;
        }
        return 0;
}

int blob_read(Store *s, const Digest *digest, char **ret, size_t *ret_size) {
        return blob_verify(s->blobs_fd, digest_hex(digest), digest, ret, ret_size);
}

static int staged_blob_name(const Digest *digest, char **ret) {
        return string_format(ret, "sha256-%s", digest_hex(digest));
}

int image_stage(int staging_fd, const ImageRecord *record) {
        _cleanup_free_ char *text = NULL;
        int r;

        for (size_t i = 0; i < record->n_blobs; i++) {
                _cleanup_free_ char *name = NULL;

                r = staged_blob_name(record->blobs + i, &name);
                if (r >= 0)
                        r = blob_verify(staging_fd, name, record->blobs + i, NULL, NULL);
                if (r < 0)
                        return r;
        }
        r = image_record_format(record, &text);
        return r < 0 ? r : file_write_atomic(staging_fd, STAGED_RECORD, text, strlen(text), 0644, 0);
}

static int record_name(const ImageRecord *record, char **ret) {
        return string_format(ret, "%s.json", digest_hex(&record->config_digest));
}

int image_commit(Store *s, int staging_fd, const ImageRecord *record) {
        _cleanup_free_ char *name = NULL;
        int r;

        for (size_t i = 0; i < record->n_blobs; i++) {
                _cleanup_free_ char *staged = NULL;

                r = staged_blob_name(record->blobs + i, &staged);
                if (r < 0)
                        return r;
                if (renameat(staging_fd, staged, s->blobs_fd, digest_hex(record->blobs + i)) < 0)
                        return negative_errno();
        }
        r = record_name(record, &name);
        if (r < 0)
                return r;
        return renameat(staging_fd, STAGED_RECORD, s->images_fd, name) < 0 ? negative_errno() : 0;
}

int image_remove(Store *s, const ImageRecord *record) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = record_name(record, &name);
        if (r < 0)
                return r;
        return unlinkat(s->images_fd, name, 0) < 0 ? negative_errno() : 0;
}

int blob_remove(Store *s, const Digest *digest) {
        return unlinkat(s->blobs_fd, digest_hex(digest), 0) < 0 && errno != ENOENT ? negative_errno() : 0;
}
