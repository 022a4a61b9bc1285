/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sched.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/scope-property.h"
#include "runtime/resource.h"
#include "spec/cpu-set.h"
#include "spec/variant.h"
#include "spec/weight.h"

#define ANNOTATION_PREFIX "org.systemd.property."

static int add_number(char ***l, const char *name, uint64_t value) {
        char *text;
        int r;

        r = string_format(&text, "%s=uint64 %" PRIu64, name, value);
        return r < 0 ? r : strv_consume(l, text);
}

/* -1, and less, is no limit. */
static int add_limit(char ***l, const char *name, RuntimeNumber n) {
        return add_number(l, name, n.value < 0 ? UINT64_MAX : (uint64_t) n.value);
}

static int add_memory(char ***l, const RuntimeResources *res, Failure *f) {
        uint64_t swap;
        int r, swapped;

        swapped = resource_swap_max(res, &swap, f);
        r = swapped > 0 ? add_number(l, "MemorySwapMax", swap) : swapped;
        if (r >= 0 && res->memory_limit.set && res->memory_limit.value != 0)
                r = add_limit(l, "MemoryMax", res->memory_limit);
        if (r >= 0 && res->memory_reservation.set && res->memory_reservation.value != 0)
                r = add_limit(l, "MemoryLow", res->memory_reservation);
        return r;
}

/* systemd has whole microseconds a second; it rounds down what it makes of them, and no limit may become
 * less than it was. */
static int add_quota(char ***l, const RuntimeResources *res) {
        uint64_t quota, period, per_second;
        int r;

        if (!resource_cpu_max(res, &quota, &period))
                return 0;
        per_second = quota == UINT64_MAX ? quota
                                         : (uint64_t) (((__uint128_t) quota * USEC_PER_SEC + period - 1) /
                                                       period);
        r = add_number(l, "CPUQuotaPerSecUSec", per_second);
        return r < 0 ? r : add_number(l, "CPUQuotaPeriodUSec", period);
}

static int add_set(char ***l, const char *name, const char *list, const char *key, Failure *f) {
        _cleanup_free_ char *text = NULL;
        size_t n, n_max, size = 0;
        cpu_set_t set;
        int r;

        if (isempty(list))
                return 0;
        r = cpu_set_parse(list, &set);
        if (r < 0)
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "linux.resources.cpu.%s: '%s' is no list such as 0-3,8", key, list);
        for (size_t i = 0; i < CPU_SETSIZE; i++)
                size = CPU_ISSET(i, &set) ? i / 8 + 1 : size;
        n_max = strlen(name) + sizeof("=@ay []") + size * sizeof("255,");
        text = malloc(n_max);
        if (!text)
                return -ENOMEM;
        n = (size_t) snprintf(text, n_max, "%s=@ay [", name);
        for (size_t i = 0; i < size; i++) {
                unsigned byte = 0;

                for (size_t bit = 0; bit < 8; bit++)
                        byte |= CPU_ISSET(i * 8 + bit, &set) ? 1u << bit : 0;
                n += (size_t) snprintf(text + n, n_max - n, "%s%u", i > 0 ? "," : "", byte);
        }
        (void) snprintf(text + n, n_max - n, "]");
        return strv_consume(l, TAKE_PTR(text));
}

static int add_cpu(char ***l, const RuntimeResources *res, Failure *f) {
        bool idle = res->cpu_idle.set && res->cpu_idle.value == 1;
        int r = 0;

        if (idle) /* "idle" to systemd */
                r = add_number(l, "CPUWeight", 0);
        else if (res->cpu_shares.set && res->cpu_shares.value > 0)
                r = add_number(l, "CPUWeight", weight_of_shares(res->cpu_shares.value));
        if (r >= 0)
                r = add_quota(l, res);
        if (r >= 0)
                r = add_set(l, "AllowedCPUs", res->cpus, "cpus", f);
        return r < 0 ? r : add_set(l, "AllowedMemoryNodes", res->mems, "mems", f);
}

/* One property has all devices. */
static int add_device(char ***l, const char *name, uint32_t major, uint32_t minor, uint64_t value) {
        char *text, **old = NULL;
        int r;

        for (char **i = *l; i && *i; i++) {
                const char *rest = startswith(*i, name);

                if (rest && *rest == '=')
                        old = i;
        }
        r = string_format(&text, "%.*s%s('/dev/block/%" PRIu32 ":%" PRIu32 "', uint64 %" PRIu64 ")]",
                          (int) strlen(old ? *old : name) - (old ? 1 : 0), old ? *old : name,
                          old ? ", " : "=[", major, minor, value);
        if (r < 0)
                return r;
        if (!old)
                return strv_consume(l, text);
        free(*old);
        *old = text;
        return 0;
}

static int add_io(char ***l, const RuntimeResources *res) {
        static const char *const names[] = {
                [RUNTIME_THROTTLE_READ_BPS] = "IOReadBandwidthMax",
                [RUNTIME_THROTTLE_WRITE_BPS] = "IOWriteBandwidthMax",
                [RUNTIME_THROTTLE_READ_IOPS] = "IOReadIOPSMax",
                [RUNTIME_THROTTLE_WRITE_IOPS] = "IOWriteIOPSMax",
        };
        static_assert(ELEMENTSOF(names) == _RUNTIME_THROTTLE_MAX, "names is not full");
        int r = 0;

        if (res->block_weight.set && res->block_weight.value != 0)
                r = add_number(l, "IOWeight", weight_of_blkio((uint64_t) res->block_weight.value));
        for (size_t i = 0; r >= 0 && i < res->n_block_weights; i++) {
                const RuntimeBlockWeight *w = res->block_weights + i;

                if (w->weight.set)
                        r = add_device(l, "IODeviceWeight", w->major, w->minor,
                                       weight_of_blkio((uint64_t) w->weight.value));
        }
        for (size_t i = 0; r >= 0 && i < res->n_throttles; i++) {
                const RuntimeThrottle *t = res->throttles + i;

                r = add_device(l, names[t->kind], t->major, t->minor, t->rate > 0 ? t->rate : UINT64_MAX);
        }
        return r;
}

/* Files of the cgroup that are one number, or "max", and so is the property. */
static int add_unified(char ***l, char *const *unified) {
        static const struct {
                const char *key, *name;
        } rows[] = {
                { "memory.min", "MemoryMin" },
                { "memory.low", "MemoryLow" },
                { "memory.high", "MemoryHigh" },
                { "memory.max", "MemoryMax" },
                { "memory.swap.max", "MemorySwapMax" },
                { "memory.zswap.max", "MemoryZSwapMax" },
                { "pids.max", "TasksMax" },
                { "cpu.weight", "CPUWeight" },
                { "io.weight", "IOWeight" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const char *value = strv_env_get(unified, rows[i].key);
                uint64_t n = UINT64_MAX;
                int r = 0;

                if (value && (streq(value, "max") || parse_u64(value, &n) >= 0))
                        r = add_number(l, rows[i].name, n);
                if (r < 0)
                        return r;
        }
        return 0;
}

int oci_scope_resources(const RuntimeResources *res, char ***ret, Failure *reterr) {
        _cleanup_strv_free_ char **l = NULL;
        int r;

        r = add_memory(&l, res, reterr);
        if (r >= 0)
                r = add_cpu(&l, res, reterr);
        if (r >= 0 && res->pids_limit.set)
                r = add_number(&l, "TasksMax",
                               res->pids_limit.value > 0 ? (uint64_t) res->pids_limit.value : UINT64_MAX);
        if (r >= 0)
                r = add_io(&l, res);
        if (r >= 0)
                r = add_unified(&l, res->unified);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

/* A number of seconds, of any type, as microseconds. */
static int convert_seconds(const Variant *v, uint64_t *ret_usec) {
        const VariantToken *t = v->tokens;

        if (v->n != 1 || !strchr("ynqiuxtd", t->type))
                return -EINVAL;
        if (t->type == 'd') {
                if (!(t->real >= 0 && t->real < (double) (UINT64_MAX / USEC_PER_SEC)))
                        return -EINVAL;
                *ret_usec = (uint64_t) (t->real * (double) USEC_PER_SEC);
                return 0;
        }
        if ((strchr("nix", t->type) && (int64_t) t->bits < 0) || t->bits > UINT64_MAX / USEC_PER_SEC)
                return -EINVAL;
        *ret_usec = t->bits * USEC_PER_SEC;
        return 0;
}

static int add_annotation(char ***l, const char *name, size_t n_name, const char *value) {
        _cleanup_(variant_done) Variant v = {};
        uint64_t usec;
        char *text;
        int r;

        r = n_name > 0 && strspn(name, ALPHANUMERIC) >= n_name ? variant_parse(value, &v) : -EINVAL;
        if (r < 0)
                return r;
        if (n_name > 3 && strncmp(name + n_name - 3, "Sec", 3) == 0 && name[n_name - 4] != 'U') {
                r = convert_seconds(&v, &usec);
                if (r >= 0)
                        r = string_format(&text, "%.*sUSec=uint64 %" PRIu64, (int) n_name - 3, name, usec);
        } else
                r = string_format(&text, "%.*s=%s", (int) n_name, name, value);
        return r < 0 ? r : strv_consume(l, text);
}

int oci_scope_annotations(char *const *annotations, char ***ret, Failure *reterr) {
        _cleanup_strv_free_ char **l = NULL;

        STRV_FOREACH(i, annotations) {
                const char *name = startswith(*i, ANNOTATION_PREFIX),
                           *equals = name ? strchr(name, '=') : NULL;
                int r;

                if (!equals)
                        continue;
                r = add_annotation(&l, name, (size_t) (equals - name), equals + 1);
                if (r == -EINVAL)
                        return failure_set(
                                        reterr, FAILURE_CONFIGURATION,
                                        "annotation %.*s: '%s' is no value that a property may have, such "
                                        "as 'uint64 5', 'true' or \"'text'\"",
                                        (int) (equals - *i), *i, equals + 1);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}
