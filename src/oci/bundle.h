/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* A bundle (OCI runtime-spec, bundle.md): a directory with a config.json and, mostly, the root. */
typedef struct Bundle {
        char *path; /* absolute, without links */
        char *text; /* config.json */
        size_t n_bytes;
        RuntimeSpec *spec; /* root_path is absolute */
} Bundle;

void bundle_done(Bundle *b);

/* Reads it, and makes it the working directory, so that relative paths in its document mean what they shall.
 * @config: the document, relative to the caller's directory; NULL: the bundle's. */
int bundle_open(const char *path, const char *config, Bundle *ret, Failure *f);
