/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/utsname.h>

#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/mount-plan.h"
#include "store/layer.h"

/* OCI names of architectures (GOARCH). */
static const struct {
        const char *machine, *platform;
} platforms[] = {
        { "x86_64", "linux/amd64" },    { "aarch64", "linux/arm64" }, { "armv7l", "linux/arm/v7" },
        { "armv6l", "linux/arm/v6" },   { "i686", "linux/386" },      { "riscv64", "linux/riscv64" },
        { "ppc64le", "linux/ppc64le" }, { "s390x", "linux/s390x" },   { "loongarch64", "linux/loong64" },
};

const char *image_native_platform(void) {
        struct utsname u;

        if (uname(&u) >= 0)
                for (size_t i = 0; i < ELEMENTSOF(platforms); i++)
                        if (streq(platforms[i].machine, u.machine))
                                return platforms[i].platform;
        return "linux/amd64";
}

bool image_is_for(const Image *i, const char *platform) {
        const ImageConfig *c = i->record->config;
        const char *rest;

        rest = startswith(platform, c->os);
        rest = rest && *rest == '/' ? startswith(rest + 1, c->architecture) : NULL;
        return rest && (!*rest || (*rest == '/' && streq_ptr(rest + 1, c->variant)));
}

const char *image_hex(const Image *i) {
        return digest_hex(&i->record->config_digest);
}

Image *image_free(Image *i) {
        if (!i)
                return NULL;
        (void) image_record_free(i->record);
        (void) strv_free(i->tags);
        return mfree(i);
}

EngineRef *engine_ref_free(EngineRef *r) {
        if (!r)
                return NULL;
        (void) ref_free(r->ref);
        return mfree(r);
}

static uint64_t image_measure(Engine *e, const ImageRecord *record) {
        uint64_t sum = 0;

        for (size_t i = 0; i < record->n_layers; i++) {
                LayerInfo info;

                if (layer_load(e->store, digest_hex(&record->layers[i].diff_id), &info) >= 0)
                        sum += info.size_bytes;
        }
        return sum;
}

int image_adopt(Engine *e, ImageRecord *record, Image **ret) {
        Image *i = hashmap_get(e->images, digest_hex(&record->config_digest));
        int r;

        if (i) {
                (void) hashmap_remove(e->images, image_hex(i));
                (void) image_record_free(i->record);
                i->record = record;
                r = hashmap_put(e->images, image_hex(i), i);
                *ret = i;
                return r;
        }

        if (hashmap_size(e->images) >= ENGINE_IMAGES_MAX)
                return -E2BIG;
        i = new0(Image, 1);
        if (!i)
                return -ENOMEM;
        *i = (Image) { .engine = e, .record = record, .size_bytes = image_measure(e, record) };
        r = hashmap_put(e->images, image_hex(i), i);
        if (r < 0) {
                i->record = NULL;
                (void) image_free(i);
                return r;
        }
        if (e->observer)
                e->observer->image_new(i, e->observer_data);
        *ret = i;
        return 0;
}

static void image_changed(Image *i) {
        if (i->engine->observer)
                i->engine->observer->image_changed(i, i->engine->observer_data);
}

static void tags_remove(char **tags, const char *tag) {
        char **out = tags;

        for (char **in = tags; in && *in; in++)
                if (streq(*in, tag))
                        free(*in);
                else
                        *out++ = *in;
        if (tags)
                *out = NULL;
}

static void ref_unlink(Engine *e, EngineRef *ref) {
        (void) hashmap_remove(e->refs, ref->ref->reference);
        tags_remove(ref->image->tags, ref->ref->reference);
        image_changed(ref->image);
        (void) engine_ref_free(ref);
}

int image_adopt_ref(Engine *e, Ref *ref) {
        Image *i = hashmap_get(e->images, digest_hex(&ref->image));
        EngineRef *old = hashmap_get(e->refs, ref->reference), *new;
        int r;

        if (!i)
                return -ENOENT;
        new = new0(EngineRef, 1);
        if (!new)
                return -ENOMEM;
        r = strv_extend(&i->tags, ref->reference);
        if (r < 0) {
                free(new);
                return r;
        }
        if (old)
                ref_unlink(e, old);
        *new = (EngineRef) { ref, i };
        r = hashmap_put(e->refs, ref->reference, new);
        if (r < 0) {
                tags_remove(i->tags, ref->reference);
                free(new);
                return r;
        }
        if (!strv_contains(i->tags,
                           ref->reference)) /* the old one was this image's, too, and took the tag along */
                (void) strv_extend(&i->tags, ref->reference);
        image_changed(i);
        return 0;
}

EngineRef *image_find_ref(Engine *e, const char *name) {
        _cleanup_(reference_done) Reference reference = {};
        _cleanup_free_ char *full = NULL;

        if (reference_parse(name, &reference, NULL) < 0 || reference_format(&reference, &full) < 0)
                return NULL;
        return hashmap_get(e->refs, full);
}

/* "sha256:<hex>" of a configuration or a manifest, or the first digits of an id. */
static int find_by_digest(Engine *e, const char *name, Image **ret) {
        const char *hex = startswith(name, "sha256:") ?: name;
        Image *i, *found = NULL;
        size_t n = strlen(hex);

        if (n == 0 || n > DIGEST_HEX_LENGTH || !string_in_charset(hex, LOWERCASE_HEX))
                return -ENOENT;
        HASHMAP_FOREACH(i, e->images) {
                bool manifest = n == DIGEST_HEX_LENGTH &&
                                (streq(digest_hex(&i->record->manifest_digest), hex) ||
                                 (i->record->has_index && streq(digest_hex(&i->record->index_digest), hex)));

                if (strncmp(image_hex(i), hex, n) != 0 && !manifest)
                        continue;
                if (found)
                        return -ENOTUNIQ;
                found = i;
        }
        if (!found)
                return -ENOENT;
        *ret = found;
        return 0;
}

/* "name@sha256:..." also names an image that was pulled by a tag of that name. */
static int find_by_canonical(Engine *e, const char *name, Image **ret) {
        _cleanup_(reference_done) Reference reference = {};
        Image *i;
        int r;

        r = reference_parse(name, &reference, NULL);
        if (r < 0 || !reference.has_digest)
                return -ENOENT;
        r = find_by_digest(e, reference.digest.string, &i);
        if (r < 0)
                return r;
        STRV_FOREACH(tag, i->tags) {
                _cleanup_(reference_done) Reference have = {};

                if (reference_parse(*tag, &have, NULL) >= 0 && streq(have.registry, reference.registry) &&
                    streq(have.repository, reference.repository)) {
                        *ret = i;
                        return 0;
                }
        }
        return -ENOENT;
}

int image_find(Engine *e, const char *name, Image **ret, Failure *f) {
        EngineRef *ref = image_find_ref(e, name);
        int r;

        if (ref) {
                *ret = ref->image;
                return 0;
        }
        r = find_by_canonical(e, name, ret);
        if (r < 0)
                r = find_by_digest(e, name, ret);
        if (r == -ENOTUNIQ)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: several images have an id that starts so; give more digits", name);
        if (r < 0)
                return failure_set(f, FAILURE_NO_SUCH_IMAGE,
                                   "%s: no such image here; 'creelctl pull %s' fetches it", name, name);
        return 0;
}

int image_layers(const Image *i, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        int r;

        for (size_t k = 0; k < i->record->n_layers; k++) {
                r = strv_extend(&l, digest_hex(&i->record->layers[k].diff_id));
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

static Container *image_user(const Image *i) {
        Container *c;

        HASHMAP_FOREACH(c, i->engine->containers)
                if (digest_equal(&c->record->image_id, &i->record->config_digest) ||
                    mount_plan_names_image(c, i))
                        return c;
        return NULL;
}

/* Takes a tag away, on disk first. */
static int untag(Engine *e, EngineRef *ref, char ***untagged, Failure *f) {
        _cleanup_free_ char *reference = strdup(ref->ref->reference);
        char *const attributes[] = { NULL };
        int r;

        if (!reference)
                return -ENOMEM;
        r = ref_remove(e->store, reference);
        if (r < 0 && r != -ENOENT)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot untag %s", reference);
        engine_event(e, "image", "untag", ref->image->record->config_digest.string, attributes);
        ref_unlink(e, ref);
        return strv_consume(untagged, TAKE_PTR(reference));
}

static int remove_record(Engine *e, Image *i, char ***removed, Failure *f) {
        char *const attributes[] = { NULL };
        int r;

        r = image_remove(e->store, i->record);
        if (r < 0 && r != -ENOENT)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot remove image %.12s", image_hex(i));
        r = strv_extend(removed, i->record->config_digest.string);
        if (r < 0)
                return r;
        (void) hashmap_remove(e->images, image_hex(i));
        if (e->observer)
                e->observer->image_removed(i, e->observer_data);
        engine_event(e, "image", "remove", i->record->config_digest.string, attributes);
        (void) image_free(i);
        engine_collect(e);
        return 0;
}

int engine_remove_image(Engine *e, const char *name, bool force, char ***ret_untagged, char ***ret_removed,
                        Failure *f) {
        _cleanup_strv_free_ char **untagged = NULL, **removed = NULL;
        EngineRef *ref = image_find_ref(e, name);
        Container *user;
        Image *i;
        int r;

        r = image_find(e, name, &i, f);
        if (r < 0)
                return r;

        if (ref && !force && strv_length(i->tags) > 1) {
                r = untag(e, ref, &untagged, f);
                if (r < 0)
                        return r;
        } else {
                if (!ref && !force && strv_length(i->tags) > 1)
                        return failure_set(f, FAILURE_INVALID_STATE,
                                           "%s: the image has several tags; remove them one by one or use "
                                           "--force",
                                           name);
                user = image_user(i);
                if (user)
                        return failure_set(f, FAILURE_INVALID_STATE,
                                           "%s: the image is in use by container %s; remove that first "
                                           "('creelctl rm %s')",
                                           name, user->record->name, user->record->name);
                while (i->tags && i->tags[0]) {
                        r = untag(e, hashmap_get(e->refs, i->tags[0]), &untagged, f);
                        if (r < 0)
                                return r;
                }
                r = remove_record(e, i, &removed, f);
                if (r < 0)
                        return r;
        }
        *ret_untagged = TAKE_PTR(untagged);
        *ret_removed = TAKE_PTR(removed);
        return 0;
}
