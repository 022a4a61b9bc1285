/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-fixture.h"
#include "basic/fd.h"
#include "basic/journal.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/volume.h"

/* An engine on a store of its own, without systemd, programs and bus: enough for all that starts no process.
 */
typedef struct EngineFixture {
        Fixture store;
        Engine engine;
} EngineFixture;

static inline void engine_fixture_init(EngineFixture *f) {
        Engine *e = &f->engine;
        int r;

        f->store = fixture_new();
        *e = (Engine){ .store = f->store.store,
                       .supervise_fd = -EBADF,
                       .own_cgroup_fd = -ENOENT, /* announce nothing */
                       .pull_fd = -EBADF,
                       .unpack_fd = -EBADF,
                       .seccomp_cache_fd = -EBADF,
                       .journal_fd = -EBADF };
        e->containers = hashmap_new();
        e->containers_by_name = hashmap_new();
        e->images = hashmap_new();
        e->refs = hashmap_new();
        e->volumes = hashmap_new();
        r = sd_event_new(&e->event);
        assert_true(r >= 0);
        assert_int_equal(journal_open(&e->journal_fd), 0);
}

static inline void engine_fixture_done(EngineFixture *f) {
        Engine *e = &f->engine;
        Container *c;
        EngineRef *ref;
        Image *i;
        Volume *v;

        HASHMAP_FOREACH(c, e->containers)
                (void) container_free(c);
        HASHMAP_FOREACH(ref, e->refs)
                (void) engine_ref_free(ref);
        HASHMAP_FOREACH(i, e->images)
                (void) image_free(i);
        HASHMAP_FOREACH(v, e->volumes)
                (void) volume_free(v);
        (void) hashmap_free(e->containers);
        (void) hashmap_free(e->containers_by_name);
        (void) hashmap_free(e->images);
        (void) hashmap_free(e->refs);
        (void) hashmap_free(e->volumes);
        (void) sd_event_unref(e->event);
        (void) fd_close(e->journal_fd);
        fixture_done(&f->store);
}

#define _cleanup_engine_ __attribute__((__cleanup__(engine_fixture_done)))

/* A record of an image with one layer, whose configuration has the digest @hex. */
static inline ImageRecord *record_with(const char *hex, const char *config) {
        _cleanup_free_ char *text = NULL;
        ImageRecord *record = NULL;

        assert_int_equal(string_format(&text,
                                       "{\"version\":1,\"manifestDigest\":\"sha256:" HEX_B
                                       "\",\"manifestMediaType\":\"application/"
                                       "vnd.oci.image.manifest.v1+json\","
                                       "\"configDigest\":\"sha256:%s\",\"layers\":[{\"digest\":"
                                       "\"sha256:" HEX_A "\",\"diffId\":\"sha256:" HEX_C
                                       "\",\"size\":5,\"mediaType\":"
                                       "\"application/vnd.oci.image.layer.v1.tar+gzip\"}],\"blobs\":[],"
                                       "\"config\":{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{"
                                       "%s},"
                                       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_C
                                       "\"]}}}",
                                       hex, config),
                         0);
        assert_int_equal(image_record_parse(text, strlen(text), &record), 0);
        return record;
}

/* Adds the image to the engine, under @reference when that is not NULL. */
static inline Image *image_with(EngineFixture *f, const char *hex, const char *reference,
                                const char *config) {
        ImageRecord *record = record_with(hex, config);
        Image *image = NULL;

        assert_int_equal(image_adopt(&f->engine, record, &image), 0);
        if (reference) {
                Ref *ref = new0(Ref, 1);

                ref->reference = strdup(reference);
                ref->image = image->record->config_digest;
                ref->digest = image->record->manifest_digest;
                assert_int_equal(image_adopt_ref(&f->engine, ref), 0);
        }
        return image;
}
