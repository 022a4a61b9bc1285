/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "image/tar.h"

/* Applies the tar stream of one layer to an empty directory, in overlayfs's own form: a whiteout becomes a
 * character device 0:0, an opaque directory gets trusted.overlay.opaque. Layers are independent of each
 * other. OCI image-spec 1.1, layer.md. Where the specification is silent, containers/storage is followed:
 *
 * - Parents that no member made are made with mode 0755 for root:root. A parent that is a link of this layer
 *   is resolved inside the tree.
 * - A directory over a directory keeps what is in it. Anything else over anything replaces it; a directory
 *   that replaces a non-directory is opaque, as nothing of the layers below may show through.
 * - Whiteouts hide what the layers below have, never what this layer has, whichever comes first. A directory
 *   that this layer both hides and has is opaque.
 * - A character device 0:0 among the members is taken for the whiteout that it would be.
 * - Hard links need a target in this layer; their own metadata is that of the target.
 *
 * The calling thread's working directory may change. The umask must be 0. */

typedef struct ApplyLimits {
        uint64_t entries_max;
} ApplyLimits;

typedef struct ApplyResult {
        uint64_t entries;
        uint64_t file_bytes; /* sum of the sizes of regular files, holes included */
} ApplyResult;

/* Reads the stream to its very end. Failures name the member. FAILURE_REGISTRY: malformed; FAILURE_SECURITY:
 * hostile; FAILURE_LIMITS_EXCEEDED; FAILURE_STORAGE. What was made by then stays, for the caller to throw
 * away. */
int apply_tar(int rootfd, TarSource source, void *userdata, const ApplyLimits *limits, ApplyResult *ret,
              Failure *reterr);
