/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Limits per block device, as podman-run(1) has them:
 *
 *     limit = path ":" value      path: absolute; value: without a blank
 */

typedef enum DeviceLimitKind {
        DEVICE_LIMIT_BYTES,  /* a second; suffixes k, m, g; at least 1 */
        DEVICE_LIMIT_COUNT,  /* operations a second; at least 1 */
        DEVICE_LIMIT_WEIGHT, /* 10 to 1000 */
        _DEVICE_LIMIT_KIND_MAX,
} DeviceLimitKind;

/* -EINVAL: not such a text. -ERANGE: the value is out of range. */
int device_limit_parse(const char *s, DeviceLimitKind kind, char **ret_path, uint64_t *ret_value);

/* What has to be said of a text of this kind that is none: "must be ...". */
const char *device_limit_hint(DeviceLimitKind kind);
