/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/device-limit.h"

static const struct {
        uint64_t min, max;
        const char *hint;
} kinds[] = {
        [DEVICE_LIMIT_BYTES] = { 1, INT64_MAX,
                                 "must be DEVICE:BYTES, such as /dev/sda:10m, with at least 1 byte a "
                                 "second" },
        [DEVICE_LIMIT_COUNT] = { 1, INT64_MAX,
                                 "must be DEVICE:NUMBER, such as /dev/sda:1000, with at least 1 operation "
                                 "a second" },
        [DEVICE_LIMIT_WEIGHT] = { 10, 1000,
                                  "must be DEVICE:WEIGHT, such as /dev/sda:500, with a weight from 10 to "
                                  "1000" },
};
static_assert(ELEMENTSOF(kinds) == _DEVICE_LIMIT_KIND_MAX, "kinds is not full");

const char *device_limit_hint(DeviceLimitKind kind) {
        return kinds[kind].hint;
}

int device_limit_parse(const char *s, DeviceLimitKind kind, char **ret_path, uint64_t *ret_value) {
        const char *colon = strrchr(s, ':');
        _cleanup_free_ char *path = NULL;
        uint64_t value;
        int r;

        if (*s != '/' || !colon)
                return -EINVAL;
        r = kind == DEVICE_LIMIT_BYTES ? parse_bytes(colon + 1, &value) : parse_u64(colon + 1, &value);
        if (r < 0)
                return r;
        if (value < kinds[kind].min || value > kinds[kind].max)
                return -ERANGE;
        path = strndup(s, (size_t) (colon - s));
        if (!path)
                return -ENOMEM;
        *ret_path = TAKE_PTR(path);
        *ret_value = value;
        return 0;
}
