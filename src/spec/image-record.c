/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-record.h"
#include "spec/json.h"

#define IMAGE_RECORD_VERSION 1
#define IMAGE_RECORD_BLOBS_MAX 16

ImageRecord *image_record_free(ImageRecord *r) {
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n_layers; i++)
                free(r->layers[i].media_type);
        free(r->layers);
        free(r->manifest_media_type);
        free(r->blobs);
        (void) image_config_free(r->config);
        return mfree(r);
}

/* A missing key is a malformed record. */
static int required(int r) {
        return r == -ENODATA ? -EBADMSG : r;
}

static int read_digest(json_object *o, const char *key, Digest *ret) {
        const char *s;
        int r;

        r = json_get_string(o, key, &s);
        if (r < 0)
                return r;
        return digest_parse(s, ret) < 0 ? -EBADMSG : 0;
}

static int read_layer(json_object *o, ImageLayer *ret) {
        _cleanup_free_ char *media_type = NULL;
        int r;

        r = required(read_digest(o, "digest", &ret->digest));
        if (r >= 0)
                r = required(read_digest(o, "diffId", &ret->diff_id));
        if (r >= 0)
                r = required(json_get_u64(o, "size", &ret->size_bytes));
        if (r >= 0)
                r = json_dup_string(o, "mediaType", &media_type);
        if (r < 0)
                return r;
        if (!media_type)
                return -EBADMSG;
        ret->media_type = TAKE_PTR(media_type);
        return 0;
}

static int read_layers(json_object *o, ImageRecord *record) {
        json_object *array;
        size_t n;
        int r;

        r = required(json_get(o, "layers", json_type_array, &array));
        if (r < 0)
                return r;
        n = json_object_array_length(array);
        if (n != record->config->n_diff_ids)
                return -EBADMSG;
        record->layers = new0(ImageLayer, n);
        if (!record->layers)
                return -ENOMEM;
        for (; record->n_layers < n; record->n_layers++) {
                ImageLayer *layer = record->layers + record->n_layers;

                r = read_layer(json_object_array_get_idx(array, record->n_layers), layer);
                if (r < 0)
                        return r;
                if (!digest_equal(&layer->diff_id, record->config->diff_ids + record->n_layers)) {
                        layer->media_type = mfree(layer->media_type);
                        return -EBADMSG;
                }
        }
        return 0;
}

static int read_blobs(json_object *o, ImageRecord *record) {
        json_object *array;
        size_t n;
        int r;

        r = required(json_get(o, "blobs", json_type_array, &array));
        if (r < 0)
                return r;
        n = json_object_array_length(array);
        if (n > IMAGE_RECORD_BLOBS_MAX)
                return -EBADMSG;
        record->blobs = new0(Digest, n);
        if (!record->blobs)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *s = json_object_array_get_idx(array, i);

                if (!json_object_is_type(s, json_type_string) ||
                    digest_parse(json_object_get_string(s), record->blobs + i) < 0)
                        return -EBADMSG;
        }
        record->n_blobs = n;
        return 0;
}

static int read_digests(json_object *o, ImageRecord *record) {
        int r;

        r = read_digest(o, "indexDigest", &record->index_digest);
        if (r < 0 && r != -ENODATA)
                return r;
        record->has_index = r >= 0;
        r = required(read_digest(o, "manifestDigest", &record->manifest_digest));
        if (r >= 0)
                r = required(read_digest(o, "configDigest", &record->config_digest));
        return r;
}

static int read_record(json_object *o, ImageRecord *record) {
        json_object *config;
        uint64_t version;
        int r;

        r = required(json_get_u64(o, "version", &version));
        if (r < 0)
                return r;
        if (version != IMAGE_RECORD_VERSION)
                return -EBADMSG;
        r = read_digests(o, record);
        if (r >= 0)
                r = json_dup_string(o, "manifestMediaType", &record->manifest_media_type);
        if (r < 0)
                return r;
        if (!record->manifest_media_type)
                return -EBADMSG;
        r = required(json_get(o, "config", json_type_object, &config));
        if (r >= 0)
                r = image_config_from_json(config, &record->config);
        if (r >= 0)
                r = read_layers(o, record);
        if (r >= 0)
                r = read_blobs(o, record);
        return r;
}

int image_record_parse(const char *data, size_t n_bytes, ImageRecord **ret) {
        _cleanup_(image_record_freep) ImageRecord *record = new0(ImageRecord, 1);
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!record)
                return -ENOMEM;
        r = json_parse(data, n_bytes, IMAGE_RECORD_BYTES_MAX, &o);
        if (r >= 0)
                r = read_record(o, record);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(record);
        return 0;
}

static int append(json_object *array, json_object *value) {
        if (!value || json_object_array_add(array, value) < 0) {
                (void) json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

static int add_layers(json_object *o, const ImageRecord *record) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r;

        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < record->n_layers; i++) {
                const ImageLayer *layer = record->layers + i;
                _cleanup_json_ json_object *l = json_object_new_object();

                if (!l)
                        return -ENOMEM;
                r = json_add_string(l, "digest", layer->digest.string);
                if (r >= 0)
                        r = json_add_string(l, "diffId", layer->diff_id.string);
                if (r >= 0)
                        r = json_add_u64(l, "size", layer->size_bytes);
                if (r >= 0)
                        r = json_add_string(l, "mediaType", layer->media_type);
                if (r >= 0)
                        r = append(array, TAKE_PTR(l));
                if (r < 0)
                        return r;
        }
        return json_add(o, "layers", TAKE_PTR(array));
}

static int add_blobs(json_object *o, const ImageRecord *record) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r;

        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < record->n_blobs; i++) {
                r = append(array, json_object_new_string(record->blobs[i].string));
                if (r < 0)
                        return r;
        }
        return json_add(o, "blobs", TAKE_PTR(array));
}

static int add_config(json_object *o, const ImageRecord *record) {
        json_object *config = NULL;
        int r;

        r = image_config_to_json(record->config, &config);
        return r < 0 ? r : json_add(o, "config", config);
}

int image_record_format(const ImageRecord *record, char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "version", IMAGE_RECORD_VERSION);
        if (r >= 0)
                r = json_add_string(o, "manifestDigest", record->manifest_digest.string);
        if (r >= 0)
                r = json_add_string(o, "manifestMediaType", record->manifest_media_type);
        if (r >= 0 && record->has_index)
                r = json_add_string(o, "indexDigest", record->index_digest.string);
        if (r >= 0)
                r = json_add_string(o, "configDigest", record->config_digest.string);
        if (r >= 0)
                r = add_layers(o, record);
        if (r >= 0)
                r = add_blobs(o, record);
        if (r >= 0)
                r = add_config(o, record);
        return r < 0 ? r : json_format(o, false, ret);
}
