/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/spelling.h"

#define GPU_KIND "nvidia.com/gpu="

static int set(ContainerSpec *spec, const char *key, const char *text, const char **reterr_hint) {
        return container_spec_set_text(spec, container_spec_find(key), text, reterr_hint);
}

/* UID[:RANGE]: the first id outside, and how many there are. */
static int set_range(ContainerSpec *spec, const char *text, const char **reterr_hint) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_free_ char *mapping = NULL;
        uint32_t base, count = 65536;
        int r;

        r = strv_split(text, ":", &parts);
        if (r < 0)
                return r;
        if (*text == ':' || strv_length(parts) < 1 || strv_length(parts) > 2 || endswith(text, ":") ||
            strstr(text, "::") || parse_u32(parts[0], &base) < 0 ||
            (parts[1] && parse_u32(parts[1], &count) < 0))
                return -EINVAL;
        r = string_format(&mapping, "0:%" PRIu32 ":%" PRIu32, base, count);
        return r < 0 ? r : set(spec, "uidmap", mapping, reterr_hint);
}

int spelling_private_users(ContainerSpec *spec, const char *text, const char **reterr_hint) {
        bool yes;
        int r;

        /* A lone number is an id, and neither yes nor no. */
        if (!strchr(DIGITS, *text) && parse_boolean(text, &yes) >= 0)
                return set(spec, "userns", yes ? "auto" : "host", reterr_hint);
        if (streq(text, "pick"))
                return set(spec, "userns", "auto", reterr_hint);
        r = set_range(spec, streq(text, "identity") ? "0" : text, reterr_hint);
        if (r == -EINVAL)
                *reterr_hint = "must be no, yes, pick, identity or UID[:RANGE]";
        return r;
}

int spelling_gpus(ContainerSpec *spec, const char *text, const char **reterr_hint) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = strv_split(text, ",", &names);
        if (r >= 0 && !names)
                r = -EINVAL;
        STRV_FOREACH(i, r < 0 ? NULL : names) {
                _cleanup_free_ char *device = NULL;

                r = string_format(&device, GPU_KIND "%s", startswith(*i, "device=") ?: *i);
                if (r >= 0)
                        r = set(spec, "device", device, reterr_hint);
                if (r < 0)
                        break;
        }
        if (r == -EINVAL)
                *reterr_hint = "must be all, or names of GPUs that /etc/cdi or /run/cdi describe";
        return r;
}
