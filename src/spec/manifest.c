/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <strings.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-config.h"
#include "spec/json.h"
#include "spec/manifest.h"

static const struct {
        const char *media_type;
        ManifestKind kind;
} kinds[] = {
        { MEDIA_OCI_INDEX, MANIFEST_INDEX },
        { MEDIA_DOCKER_LIST, MANIFEST_INDEX },
        { MEDIA_OCI_MANIFEST, MANIFEST_IMAGE },
        { MEDIA_DOCKER_MANIFEST, MANIFEST_IMAGE },
};

static const char *const config_types[] = {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
};

static const struct {
        const char *media_type, *compression;
} layer_types[] = {
        { "application/vnd.oci.image.layer.v1.tar", "none" },
        { "application/vnd.oci.image.layer.v1.tar+gzip", "gzip" },
        { "application/vnd.oci.image.layer.v1.tar+zstd", "zstd" },
        { "application/vnd.oci.image.layer.nondistributable.v1.tar", "none" },
        { "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip" },
        { "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd" },
        { "application/vnd.docker.image.rootfs.diff.tar", "none" },
        { "application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip" },
        { "application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd" },
        { "application/vnd.docker.image.rootfs.foreign.diff.tar", "none" },
        { "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip" },
};

Manifest *manifest_free(Manifest *m) {
        if (!m)
                return NULL;
        free(m->media_type);
        free(m->config.media_type);
        for (size_t i = 0; i < m->n_items; i++)
                free(m->items[i].media_type);
        free(m->items);
        return mfree(m);
}

const char *manifest_layer_compression(const char *media_type) {
        for (size_t i = 0; i < ELEMENTSOF(layer_types); i++)
                if (streq(layer_types[i].media_type, media_type))
                        return layer_types[i].compression;
        return NULL;
}

/* The row of kinds[] for a media type with or without parameters; -1: none of ours. */
static int kind_of(const char *media_type) {
        size_t n = media_type ? strcspn(media_type, "; \t") : 0;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (strlen(kinds[i].media_type) == n && strncasecmp(kinds[i].media_type, media_type, n) == 0)
                        return (int) i;
        return -1;
}

static int complain(int error, const char *message, const char **reterr_message) {
        if (reterr_message)
                *reterr_message = message;
        return error;
}

/* 1: another digest algorithm. */
static int read_descriptor(json_object *o, Descriptor *ret) {
        _cleanup_free_ char *media_type = NULL;
        const char *digest;
        int r;

        if (json_get_string(o, "digest", &digest) < 0 || json_get_u64(o, "size", &ret->size_bytes) < 0 ||
            ret->size_bytes > INT64_MAX)
                return -EBADMSG;
        r = json_dup_string(o, "mediaType", &media_type);
        if (r < 0)
                return r;
        if (!media_type)
                return -EBADMSG;
        r = digest_parse(digest, &ret->digest);
        if (r < 0)
                return r == -EPROTONOSUPPORT ? 1 : -EBADMSG;
        ret->media_type = TAKE_PTR(media_type);
        return 0;
}

/* 1: no platform that this host could be. */
static int read_platform(json_object *entry, Descriptor *d) {
        const char *os = NULL, *architecture = NULL, *variant = NULL;
        json_object *o;
        int r;

        r = json_get(entry, "platform", json_type_object, &o);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        if (json_get_string(o, "os", &os) == -EBADMSG ||
            json_get_string(o, "architecture", &architecture) == -EBADMSG ||
            json_get_string(o, "variant", &variant) == -EBADMSG)
                return -EBADMSG;
        if (platform_init(&d->platform, os, architecture, variant) < 0)
                return 1;
        d->has_platform = true;
        return streq(d->platform.os, "unknown") || streq(d->platform.architecture, "unknown");
}

/* Attestations of buildkit hide behind a platform "unknown/unknown", or say what they are. */
static bool is_attestation(json_object *entry) {
        json_object *annotations;
        const char *type;

        return json_get(entry, "annotations", json_type_object, &annotations) >= 0 &&
               json_get_string(annotations, "vnd.docker.reference.type", &type) >= 0 &&
               streq(type, "attestation-manifest");
}

static int read_items(json_object *o, Manifest *m, const char **reterr_message) {
        bool index = m->kind == MANIFEST_INDEX;
        json_object *array;
        size_t n;
        int r;

        if (json_get(o, index ? "manifests" : "layers", json_type_array, &array) < 0)
                return complain(-EBADMSG, index ? "it lists no manifests" : "it lists no layers",
                                reterr_message);
        n = json_object_array_length(array);
        if (n > (index ? MANIFEST_ENTRIES_MAX : IMAGE_LAYERS_MAX))
                return complain(-EBADMSG,
                                index ? "it lists more than 1024 manifests" : "it has more than 500 layers",
                                reterr_message);
        m->items = new0(Descriptor, n);
        if (!m->items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *entry = json_object_array_get_idx(array, i);
                Descriptor d = {};

                r = read_descriptor(entry, &d);
                if (r == 0 && index)
                        r = is_attestation(entry) ? 1 : read_platform(entry, &d);
                if (r == 0) {
                        m->items[m->n_items++] = d;
                        continue;
                }
                free(d.media_type);
                if (r == 1 && index)
                        continue;
                return r == -ENOMEM ? r
                                    : complain(-EBADMSG,
                                               r == 1 ? "a layer's digest is not sha256"
                                                      : "a descriptor in it is malformed",
                                               reterr_message);
        }
        return 0;
}

static int read_config_descriptor(json_object *o, Manifest *m, const char **reterr_message) {
        json_object *config;
        int r;

        if (json_get(o, "config", json_type_object, &config) < 0)
                return complain(-EBADMSG, "it names no configuration", reterr_message);
        r = read_descriptor(config, &m->config);
        if (r < 0 || r == 1)
                return r == -ENOMEM ? r
                                    : complain(-EBADMSG, "its configuration's descriptor is malformed",
                                               reterr_message);
        for (size_t i = 0; i < ELEMENTSOF(config_types); i++)
                if (streq(config_types[i], m->config.media_type))
                        return 0;
        return complain(-EPROTONOSUPPORT, "it is an artifact of another kind, no container image",
                        reterr_message);
}

/* Decides the kind and refuses what two readers could understand differently (the confusion of
 * CVE-2021-41190). */
static int decide_kind(json_object *o, const char *content_type, Manifest *m, const char **reterr_message) {
        bool has_manifests = json_object_object_get_ex(o, "manifests", NULL),
             has_layers = json_object_object_get_ex(o, "layers", NULL),
             has_config = json_object_object_get_ex(o, "config", NULL);
        const char *media_type = NULL;
        uint64_t schema = 0;
        int row, named = kind_of(content_type);

        (void) json_get_u64(o, "schemaVersion", &schema);
        if (schema == 1)
                return complain(-EPROTONOSUPPORT,
                                "it is a manifest of the long obsolete schema 1; push the image again with "
                                "a current tool",
                                reterr_message);
        if (schema != 2)
                return complain(-EBADMSG, "it has no schemaVersion 2", reterr_message);
        if (json_get_string(o, "mediaType", &media_type) == -EBADMSG)
                return complain(-EBADMSG, "its mediaType is malformed", reterr_message);
        row = kind_of(media_type);
        if (media_type && row < 0)
                return complain(-EPROTONOSUPPORT, "its mediaType is none of a container image",
                                reterr_message);
        if (row >= 0 && named >= 0 && kinds[row].kind != kinds[named].kind)
                return complain(-EBADMSG, "its mediaType contradicts the Content-Type it came with",
                                reterr_message);
        row = row >= 0     ? row
              : named >= 0 ? named
                           : kind_of(has_manifests ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST);
        m->kind = kinds[row].kind;
        if (m->kind == MANIFEST_INDEX ? has_layers || has_config : has_manifests)
                return complain(-EBADMSG, "it is a manifest and an index at once", reterr_message);
        return string_set(&m->media_type, kinds[row].media_type);
}

int manifest_parse(const char *data, size_t n_bytes, const char *content_type, Manifest **ret,
                   const char **reterr_message) {
        _cleanup_(manifest_freep) Manifest *m = new0(Manifest, 1);
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!m)
                return -ENOMEM;
        r = json_parse(data, n_bytes, MANIFEST_BYTES_MAX, &o);
        if (r == -EFBIG)
                return complain(r, "it is larger than 4 MiB", reterr_message);
        if (r < 0 || !json_object_is_type(o, json_type_object))
                return r == -ENOMEM ? r : complain(-EBADMSG, "it is not a JSON document", reterr_message);
        r = decide_kind(o, content_type, m, reterr_message);
        if (r >= 0 && m->kind == MANIFEST_IMAGE)
                r = read_config_descriptor(o, m, reterr_message);
        if (r >= 0)
                r = read_items(o, m, reterr_message);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

const Descriptor *manifest_choose(const Manifest *index, const Platform *wanted) {
        const Descriptor *best = NULL, *fallback = NULL;
        int best_rank = -1;

        for (size_t i = 0; i < index->n_items; i++) {
                const Descriptor *d = index->items + i;
                int rank;

                if (kind_of(d->media_type) < 0)
                        continue;
                if (!d->has_platform) {
                        fallback = fallback ?: d;
                        continue;
                }
                rank = platform_rank(wanted, &d->platform);
                if (rank > best_rank) {
                        best = d;
                        best_rank = rank;
                }
        }
        return best ?: fallback;
}
