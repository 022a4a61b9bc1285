/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "basic/failure.h"
#include "image/inflate.h"
#include "spec/digest.h"

/* One layer from a pipe into a directory. Four threads, each as fast as the next lets it:
 *
 *     read + sha256 --ring--> inflate --ring--> sha256        (diff ID)
 *                                         `---> untar         (the calling thread)
 */

typedef struct PipelineSpec {
        int input_fd; /* becomes non-blocking */
        int root_fd;  /* empty directory */
        Compression compression;
        Digest digest;   /* of the compressed stream */
        uint64_t bytes;  /* its length */
        Digest diff_id;  /* of the uncompressed stream */
        uint64_t bytes_max; /* of the uncompressed stream */
        uint64_t entries_max;
        void (*progress)(void *userdata, uint64_t bytes); /* called in one thread, often, with the bytes of
                                                             the compressed stream that are done */
        void *userdata;
} PipelineSpec;

typedef struct PipelineResult {
        uint64_t entries;
        uint64_t file_bytes;
} PipelineResult;

/* Success means that digest, length and diff ID are what @spec says. FAILURE_REGISTRY: they are not, or the
 * stream is malformed; FAILURE_SECURITY, FAILURE_STORAGE, FAILURE_LIMITS_EXCEEDED, FAILURE_SYSTEM. The text
 * names the layer. */
int pipeline_run(const PipelineSpec *spec, PipelineResult *ret, Failure *reterr);
