/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "pull/registry.h"
#include "spec/image-record.h"
#include "spec/platform.h"

/* From a reference to the documents of one image: index, manifest for the platform, configuration, each
 * verified by digest and size, written to the staging directory as sha256-<hex>. */

#define RESOLVE_DEPTH_MAX 4 /* indexes within indexes */

typedef struct ResolveParameters {
        Registry *registry;
        const Reference *reference;
        const char *name; /* the reference as text */
        const Platform *platform;
        const Digest *known; /* what we hold under this reference already, or NULL */
        int staging_fd;
} ResolveParameters;

typedef struct Resolution {
        Digest digest;       /* what the reference points at: an index or a manifest */
        ImageRecord *record; /* NULL: the registry still serves what is known */
} Resolution;

void resolution_done(Resolution *r);

int resolve_image(const ResolveParameters *p, Resolution *ret, Failure *reterr);
