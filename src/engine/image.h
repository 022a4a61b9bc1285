/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"
#include "spec/reference.h"
#include "store/image.h"

struct Image {
        Engine *engine;
        ImageRecord *record;
        char **tags; /* references, fully qualified; may be empty */
        uint64_t size_bytes; /* of its layers, unpacked */
};

/* Reference -> image, in Engine.refs. */
typedef struct EngineRef {
        Ref *ref;
        Image *image;
} EngineRef;

/* This machine's, as os/architecture[/variant] of OCI. */
const char *image_native_platform(void);
/* Whether the image is one of @platform; a platform without a variant leaves that open. */
bool image_is_for(const Image *i, const char *platform);

/* Digits of the configuration's digest, without "sha256:". */
const char *image_hex(const Image *i);

/* Takes over a record that is committed in the store; an image with the same configuration is replaced in
 * place. */
int image_adopt(Engine *e, ImageRecord *record, Image **ret);
/* Points a reference at an image, taking it away from another. Takes over @ref. */
int image_adopt_ref(Engine *e, Ref *ref);
Image *image_free(Image *i);
EngineRef *engine_ref_free(EngineRef *r);

/* By reference, configuration digest, manifest digest ("sha256:..."), "name@sha256:...", or an unambiguous
 * beginning of the id of at least one digit. References are completed the way `pull` does it. */
int image_find(Engine *e, const char *name, Image **ret, Failure *f);
/* The reference itself, when @name is one that is known. */
EngineRef *image_find_ref(Engine *e, const char *name);

/* Untags (a reference) or removes (an id, or with @force) and tells what is gone. */
int engine_remove_image(Engine *e, const char *name, bool force, char ***ret_untagged, char ***ret_removed,
                        Failure *f);

/* diff ID hex of the layers, from the base. */
int image_layers(const Image *i, char ***ret);
