/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"
#include "spec/digest.h"

/* What Creel uses of an image configuration (OCI image-spec 1.1, config.md; the docker schema2 form is the
 * same document). */

#define IMAGE_CONFIG_BYTES_MAX (4 * 1024 * 1024)
#define IMAGE_LAYERS_MAX 500 /* overlayfs stacks at most this many lower directories */

typedef struct ImageConfig {
        char *os, *architecture, *variant; /* os and architecture are required */
        uint64_t created_usec;             /* 0: unknown */
        char *author;
        char *user; /* "user", "uid", "user:group", ...; NULL or empty: root */
        char *working_dir;
        char *stop_signal;
        char **entrypoint, **cmd, **env;
        char **exposed_ports; /* "80/tcp" */
        char **volumes;
        char **labels; /* "key=value", in the document's order */
        char **health_test;                                 /* spec/health.h; NULL: the image says nothing */
        uint64_t health_interval_usec, health_timeout_usec; /* 0: the default, as all of these */
        uint64_t health_start_period_usec, health_start_interval_usec;
        uint64_t health_retries;
        Digest *diff_ids;
        size_t n_diff_ids;
} ImageConfig;

ImageConfig *image_config_free(ImageConfig *c);
DEFINE_CLEANUP(ImageConfig, image_config_free)

/* Parses the JSON document. -EBADMSG: malformed, wrong types, diff IDs that are no digests, environment
 * without "=", strings with NUL, more than IMAGE_LAYERS_MAX layers. -EFBIG: larger than
 * IMAGE_CONFIG_BYTES_MAX. Unknown keys are ignored. */
int image_config_parse(const char *data, size_t n_bytes, ImageConfig **ret);

/* The same from and to a JSON object in the document's own form, for image records. */
int image_config_from_json(json_object *o, ImageConfig **ret);
int image_config_to_json(const ImageConfig *c, json_object **ret);
