/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/field-resource.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/cgroup-key.h"
#include "spec/cpu-set.h"
#include "spec/device-limit.h"
#include "spec/unit-property.h"

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

const char *field_check_slice(const void *value) {
        const char *s = string_of(value);

        size_t n = strlen(s);

        if (streq(s, "-.slice") || (endswith(s, ".slice") && n > strlen(".slice") && n <= 255 &&
                                    s[0] != '-' && s[0] != '.' && s[n - strlen("-.slice")] != '-' &&
                                    !strstr(s, "--") && string_in_charset(s, ALPHANUMERIC "-_.:\\")))
                return NULL;
        return "must be the name of a slice unit, such as 'machine.slice' or 'web.slice'";
}

#define MEMORY_MIN_BYTES (6 * 1024 * 1024)

const char *field_check_memory(const void *value) {
        uint64_t v = *(const uint64_t *) value;

        return v == 0 || (v >= MEMORY_MIN_BYTES && v <= INT64_MAX)
                               ? NULL
                               : "must be at least 6m, or 0 for no limit";
}

const char *field_check_memory_reservation(const void *value) {
        return *(const uint64_t *) value <= INT64_MAX ? NULL : "must be a number of bytes below 8e";
}

const char *field_check_memory_swap(const void *value) {
        return *(const int64_t *) value >= -1 ? NULL
                                              : "must be memory and swap together, or -1 for unlimited swap";
}

const char *field_check_swappiness(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= -1 && v <= 100 ? NULL : "must be from 0 to 100";
}

const char *field_check_cpu_count(const void *value) {
        double v = *(const double *) value;

        return v == 0 || (v >= 0.01 && v <= 8192)
                               ? NULL
                               : "must be a number of CPUs from 0.01 to 8192, or 0 for no limit";
}

const char *field_check_cpu_shares(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v == 0 || (v >= 2 && v <= 262144) ? NULL : "must be from 2 to 262144, or 0 for the default";
}

const char *field_check_cpu_quota(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v == -1 || v == 0 || (v >= 1000 && v <= INT64_MAX / 1000000)
                               ? NULL
                               : "must be at least 1000 microseconds, or -1 for no limit";
}

const char *field_check_cpu_period(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v == 0 || (v >= 1000 && v <= 1000000) ? NULL : "must be from 1000 to 1000000 microseconds";
}

const char *field_check_cpu_set(const void *value) {
        cpu_set_t set;

        return cpu_set_parse(string_of(value), &set) >= 0 ? NULL : "must be a list such as 0-3,7";
}

const char *field_check_blkio_weight(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v == 0 || (v >= 10 && v <= 1000) ? NULL : "must be from 10 to 1000, or 0 for the default";
}

static const char *check_device_limits(const void *value, DeviceLimitKind kind) {
        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_free_ char *path = NULL;
                uint64_t v;

                if (device_limit_parse(*i, kind, &path, &v) < 0)
                        return device_limit_hint(kind);
        }
        return NULL;
}

const char *field_check_device_bytes(const void *value) {
        return check_device_limits(value, DEVICE_LIMIT_BYTES);
}

const char *field_check_device_count(const void *value) {
        return check_device_limits(value, DEVICE_LIMIT_COUNT);
}

const char *field_check_device_weight(const void *value) {
        return check_device_limits(value, DEVICE_LIMIT_WEIGHT);
}

const char *field_check_cgroups(const void *value) {
        const char *s = string_of(value);

        return streq(s, "enabled") || streq(s, "no-conmon") || streq(s, "disabled") || streq(s, "split")
                               ? NULL
                               : "must be enabled or no-conmon";
}

const char *field_check_cgroup_conf(const void *value) {
        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_free_ char *key = NULL;
                const char *v;

                if (cgroup_key_parse(*i, &key, &v) < 0)
                        return "must be KEY=VALUE, with the name of a file of a cgroup v2 controller, such "
                               "as "
                               "memory.high=1073741824";
        }
        return NULL;
}

const char *field_check_unit_properties(const void *value) {
        _cleanup_(unit_properties_done) UnitProperties p = {};

        STRV_FOREACH(i, *(char **const *) value) {
                const char *hint;
                int r = unit_properties_parse(&p, *i, &hint);

                if (r == -EEXIST)
                        return "must not give a property twice";
                if (r < 0)
                        return hint;
        }
        return NULL;
}

const char *field_check_oom_policy(const void *value) {
        const char *s = string_of(value);

        return streq(s, "continue") || streq(s, "kill") ? NULL : "must be continue or kill";
}

const char *field_check_pids(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= -1 && v <= 4194304 ? NULL : "must be from 1 to 4194304, or 0 or -1 for no limit";
}
