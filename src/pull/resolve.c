/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "pull/error-body.h"
#include "pull/resolve.h"
#include "spec/image-config.h"
#include "spec/manifest.h"

#define BLOBS_MAX (RESOLVE_DEPTH_MAX + 2)

typedef struct Resolve {
        const ResolveParameters *p;
        ImageRecord *record;
        Failure *reterr;
} Resolve;

void resolution_done(Resolution *r) {
        r->record = image_record_free(r->record);
}

/* Keeps a verified document for creeld. */
static int resolve_store(Resolve *v, const Digest *digest, const char *data, size_t n) {
        char name[sizeof("sha256-") + DIGEST_HEX_LENGTH];
        int r;

        (void) snprintf(name, sizeof(name), "sha256-%s", digest_hex(digest));
        r = file_write_atomic(v->p->staging_fd, name, strempty(data), n, 0644, 0);
        if (r < 0)
                return failure_set_errno(v->reterr, FAILURE_STORAGE, r, "%s: cannot write %s to the store",
                                         v->p->name, digest->string);
        assert(v->record->n_blobs < BLOBS_MAX);
        v->record->blobs[v->record->n_blobs++] = *digest;
        return 0;
}

static int resolve_get(Resolve *v, const char *kind, const char *which, size_t max, const char *what,
                       RegistryResponse *ret) {
        _cleanup_registry_response_ RegistryResponse p = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = string_format(&path, "%s/%s", kind, which);
        if (r >= 0)
                r = registry_request(v->p->registry, false, path, max, &p, v->reterr);
        if (r < 0)
                return r;
        if (p.status != 200)
                return registry_status_failure(v->p->registry, p.status, p.body.data, p.body.n_bytes, what,
                                               v->reterr);
        *ret = p;
        p = (RegistryResponse) {};
        return 0;
}

static int wrong_digest(Resolve *v, const char *what, const char *wanted, const char *got) {
        return failure_set(v->reterr, FAILURE_REGISTRY,
                           "%s: registry %s sent a wrong %s: asked for %s, got %s; the registry or "
                           "something on the way is damaged",
                           v->p->name, registry_host(v->p->registry), what, wanted, got);
}

/* @wanted: the descriptor that led here, or NULL for the document that the reference names. */
static int resolve_manifest(Resolve *v, const Descriptor *wanted, Digest *ret_digest, Manifest **ret) {
        const Reference *reference = v->p->reference;
        const Digest *expected = wanted                  ? &wanted->digest
                                 : reference->has_digest ? &reference->digest
                                                         : NULL;
        _cleanup_registry_response_ RegistryResponse p = {};
        const char *complaint = "it is malformed";
        Digest claimed;
        int r;

        r = resolve_get(v, "manifests", expected ? expected->string : reference->tag, MANIFEST_BYTES_MAX,
                        wanted ? "platform's manifest" : "manifest", &p);
        if (r < 0)
                return r;
        digest_compute(strempty(p.body.data), p.body.n_bytes, ret_digest);
        if (expected && !digest_equal(expected, ret_digest))
                return wrong_digest(v, "manifest", expected->string, ret_digest->string);
        if (wanted && wanted->size_bytes != p.body.n_bytes)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: manifest %s has %zu bytes where the index says %" PRIu64
                                   "; the image must be pushed again",
                                   v->p->name, ret_digest->string, p.body.n_bytes, wanted->size_bytes);
        if (p.digest && digest_parse(p.digest, &claimed) >= 0 && !digest_equal(&claimed, ret_digest))
                return wrong_digest(v, "manifest", claimed.string, ret_digest->string);

        r = manifest_parse(strempty(p.body.data), p.body.n_bytes, p.content_type, ret, &complaint);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: what registry %s serves as its manifest cannot be used: %s",
                                   v->p->name, registry_host(v->p->registry), complaint);
        return resolve_store(v, ret_digest, p.body.data, p.body.n_bytes);
}

/* Says what there is instead. */
static int no_platform(Resolve *v, const Manifest *index) {
        char wanted[PLATFORM_STRING_MAX], offered[PLATFORM_STRING_MAX];
        _cleanup_free_ char *list = NULL;

        for (size_t i = 0; i < index->n_items && i < 8; i++) {
                char *longer;

                if (!index->items[i].has_platform)
                        continue;
                if (string_format(&longer, "%s%s%s", strempty(list), list ? ", " : "",
                                  platform_format(&index->items[i].platform, offered)) < 0)
                        return -ENOMEM;
                free(list);
                list = longer;
        }
        return failure_set(v->reterr, FAILURE_NO_SUCH_IMAGE,
                           "%s: there is no image for platform %s; the registry has: %s", v->p->name,
                           platform_format(v->p->platform, wanted), list ?: "none that could run here");
}

/* Follows indexes down to the manifest for the platform. *ret_top is the digest of the first document. */
static int resolve_to_image(Resolve *v, Digest *ret_top, Manifest **ret) {
        _cleanup_(manifest_freep) Manifest *m = NULL;
        Digest digest;
        int r;

        r = resolve_manifest(v, NULL, &digest, &m);
        if (r < 0)
                return r;
        *ret_top = digest;
        for (unsigned depth = 0; m->kind == MANIFEST_INDEX; depth++) {
                _cleanup_(manifest_freep) Manifest *index = TAKE_PTR(m);
                const Descriptor *d = manifest_choose(index, v->p->platform);

                if (!d)
                        return no_platform(v, index);
                if (depth >= RESOLVE_DEPTH_MAX)
                        return failure_set(v->reterr, FAILURE_LIMITS_EXCEEDED,
                                           "%s: indexes are nested more than %i levels deep", v->p->name,
                                           RESOLVE_DEPTH_MAX);
                r = resolve_manifest(v, d, &digest, &m);
                if (r < 0)
                        return r;
                v->record->has_index = true;
                v->record->index_digest = *ret_top;
        }
        v->record->manifest_digest = digest;
        *ret = TAKE_PTR(m);
        return 0;
}

static int check_config(Resolve *v, const Manifest *m) {
        const ImageConfig *c = v->record->config;
        char wanted[PLATFORM_STRING_MAX], have[PLATFORM_STRING_MAX];
        Platform offered;

        if (platform_init(&offered, c->os, c->architecture, c->variant) < 0)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: the image's configuration names no usable platform; the image must "
                                   "be built again",
                                   v->p->name);
        if (!platform_same_machine(v->p->platform, &offered))
                return failure_set(v->reterr, FAILURE_NO_SUCH_IMAGE,
                                   "%s: the image is for platform %s, not for %s; choose another image or "
                                   "platform",
                                   v->p->name, platform_format(&offered, have),
                                   platform_format(v->p->platform, wanted));
        if (c->n_diff_ids != m->n_items)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: the image's configuration lists %zu layers, its manifest %zu; the "
                                   "image must be built again",
                                   v->p->name, c->n_diff_ids, m->n_items);
        return 0;
}

static int resolve_config(Resolve *v, const Manifest *m) {
        _cleanup_registry_response_ RegistryResponse p = {};
        const Descriptor *d = &m->config;
        Digest got;
        int r;

        if (d->size_bytes > IMAGE_CONFIG_BYTES_MAX)
                return failure_set(v->reterr, FAILURE_LIMITS_EXCEEDED,
                                   "%s: the image's configuration has %" PRIu64 " bytes, more than 4 MiB",
                                   v->p->name, d->size_bytes);
        r = resolve_get(v, "blobs", d->digest.string, IMAGE_CONFIG_BYTES_MAX, "configuration", &p);
        if (r < 0)
                return r;
        digest_compute(strempty(p.body.data), p.body.n_bytes, &got);
        if (!digest_equal(&got, &d->digest))
                return wrong_digest(v, "configuration", d->digest.string, got.string);
        if (p.body.n_bytes != d->size_bytes)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: configuration %s has %zu bytes where the manifest says %" PRIu64
                                   "; the image must be pushed again",
                                   v->p->name, got.string, p.body.n_bytes, d->size_bytes);
        r = image_config_parse(strempty(p.body.data), p.body.n_bytes, &v->record->config);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return failure_set(v->reterr, FAILURE_REGISTRY,
                                   "%s: the image's configuration %s is malformed; the image must be built "
                                   "again",
                                   v->p->name, got.string);
        r = check_config(v, m);
        if (r < 0)
                return r;
        v->record->config_digest = got;
        return resolve_store(v, &got, p.body.data, p.body.n_bytes);
}

static int resolve_layers(Resolve *v, const Manifest *m) {
        ImageRecord *record = v->record;
        int r;

        for (size_t i = 0; i < m->n_items; i++)
                if (!manifest_layer_compression(m->items[i].media_type)) {
                        _cleanup_free_ char *type = NULL;

                        r = error_text_clean(m->items[i].media_type, &type);
                        return r < 0 ? r
                                     : failure_set(v->reterr, FAILURE_REGISTRY,
                                                   "%s: layer %s is of the unsupported kind '%s'; only "
                                                   "plain, gzip and zstd tar layers can be unpacked",
                                                   v->p->name, m->items[i].digest.string, type);
                }
        record->layers = new0(ImageLayer, m->n_items);
        if (!record->layers)
                return -ENOMEM;
        for (; record->n_layers < m->n_items; record->n_layers++) {
                ImageLayer *layer = record->layers + record->n_layers;

                layer->digest = m->items[record->n_layers].digest;
                layer->diff_id = record->config->diff_ids[record->n_layers];
                layer->size_bytes = m->items[record->n_layers].size_bytes;
                r = string_set(&layer->media_type, m->items[record->n_layers].media_type);
                if (r < 0)
                        return r;
        }
        return string_set(&record->manifest_media_type, m->media_type);
}

/* Asks for the digest alone: cheap, and not counted by registries that count pulls. 1: still what is known.
 */
static int resolve_known(const ResolveParameters *p, Failure *reterr) {
        _cleanup_registry_response_ RegistryResponse response = {};
        _cleanup_free_ char *path = NULL;
        Digest digest;
        int r;

        if (p->reference->has_digest)
                return digest_equal(&p->reference->digest, p->known);
        r = string_format(&path, "manifests/%s", p->reference->tag);
        if (r >= 0)
                r = registry_request(p->registry, true, path, 0, &response, reterr);
        if (r < 0)
                return r;
        return response.status == 200 && response.digest && digest_parse(response.digest, &digest) >= 0 &&
               digest_equal(&digest, p->known);
}

int resolve_image(const ResolveParameters *p, Resolution *ret, Failure *reterr) {
        _cleanup_(image_record_freep) ImageRecord *record = new0(ImageRecord, 1);
        _cleanup_(manifest_freep) Manifest *m = NULL;
        Resolve v = { .p = p, .record = record, .reterr = reterr };
        Digest top;
        int r;

        if (!record || !(record->blobs = new0(Digest, BLOBS_MAX)))
                return -ENOMEM;
        if (p->known) {
                r = resolve_known(p, reterr);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = (Resolution) { .digest = *p->known };
                        return 0;
                }
        }
        r = resolve_to_image(&v, &top, &m);
        if (r >= 0)
                r = resolve_config(&v, m);
        if (r >= 0)
                r = resolve_layers(&v, m);
        if (r < 0)
                return r;
        *ret = (Resolution) { .digest = top, .record = TAKE_PTR(record) };
        return 0;
}
