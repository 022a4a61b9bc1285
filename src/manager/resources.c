/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-unit.h"
#include "manager/manager.h"
#include "spec/device-limit.h"
#include "spec/json.h"

#define CPU_PERIOD_DEFAULT_USEC 100000

/* [{"Path": ..., "Rate": ...}] */
static int add_devices(json_object *o, const char *key, char *const *texts, DeviceLimitKind kind) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        STRV_FOREACH(i, texts) {
                _cleanup_json_ json_object *one = json_object_new_object();
                _cleanup_free_ char *path = NULL;
                uint64_t value;

                if (r < 0)
                        return r;
                r = one ? device_limit_parse(*i, kind, &path, &value) : -ENOMEM;
                if (r >= 0)
                        r = json_add_string(one, "Path", path);
                if (r >= 0)
                        r = json_add_u64(one, kind == DEVICE_LIMIT_WEIGHT ? "Weight" : "Rate", value);
                if (r >= 0 && json_object_array_add(array, one) < 0)
                        r = -ENOMEM;
                if (r >= 0)
                        (void) TAKE_PTR(one);
        }
        return r < 0 ? r : json_add(o, key, TAKE_PTR(array));
}

/* As docker shows it: both together. */
static int64_t swap_of(const ContainerSpec *s) {
        if (s->memory_swap_bytes != 0 || s->memory_bytes == 0)
                return s->memory_swap_bytes;
        return s->memory_bytes <= INT64_MAX / 2 ? (int64_t) s->memory_bytes * 2 : -1;
}

static int add_cpu(json_object *o, const ContainerSpec *s) {
        int64_t period = s->cpu_period_usec, quota = s->cpu_quota_usec;
        uint64_t nano = 0;
        int r;

        if ((s->cpus > 0 || quota > 0) && period == 0)
                period = CPU_PERIOD_DEFAULT_USEC;
        if (s->cpus > 0) {
                nano = (uint64_t) (s->cpus * 1e9);
                quota = (int64_t) (s->cpus * (double) period);
        } else if (quota > 0)
                nano = (uint64_t) ((double) quota / (double) period * 1e9);
        r = json_add_i64(o, "CpuShares", s->cpu_shares);
        if (r >= 0)
                r = json_add_u64(o, "NanoCpus", nano);
        if (r >= 0)
                r = json_add_i64(o, "CpuPeriod", period);
        if (r >= 0)
                r = json_add_i64(o, "CpuQuota", quota);
        if (r >= 0)
                r = json_add_i64(o, "CpuRealtimePeriod", 0);
        if (r >= 0)
                r = json_add_i64(o, "CpuRealtimeRuntime", 0);
        if (r >= 0)
                r = json_add_string(o, "CpusetCpus", strempty(s->cpuset_cpus));
        return r < 0 ? r : json_add_string(o, "CpusetMems", strempty(s->cpuset_mems));
}

static int add_memory(json_object *o, const ContainerSpec *s) {
        int r;

        r = json_add_u64(o, "Memory", s->memory_bytes);
        if (r >= 0)
                r = json_add_u64(o, "MemoryReservation", s->memory_reservation_bytes);
        if (r >= 0)
                r = json_add_i64(o, "MemorySwap", swap_of(s));
        if (r >= 0)
                r = json_add_i64(o, "MemorySwappiness", -1);
        if (r >= 0)
                r = json_add_boolean(o, "OomKillDisable", false);
        return r < 0 ? r : json_add_string(o, "OomPolicy", s->oom_policy ?: "continue");
}

static int add_io(json_object *o, const ContainerSpec *s) {
        int r;

        r = json_add_i64(o, "BlkioWeight", s->blkio_weight);
        if (r >= 0)
                r = add_devices(o, "BlkioWeightDevice", s->blkio_weight_device, DEVICE_LIMIT_WEIGHT);
        if (r >= 0)
                r = add_devices(o, "BlkioDeviceReadBps", s->device_read_bps, DEVICE_LIMIT_BYTES);
        if (r >= 0)
                r = add_devices(o, "BlkioDeviceWriteBps", s->device_write_bps, DEVICE_LIMIT_BYTES);
        if (r >= 0)
                r = add_devices(o, "BlkioDeviceReadIOps", s->device_read_iops, DEVICE_LIMIT_COUNT);
        return r < 0 ? r : add_devices(o, "BlkioDeviceWriteIOps", s->device_write_iops, DEVICE_LIMIT_COUNT);
}

int inspect_add_resources(json_object *o, const ContainerSpec *s) {
        int r;

        r = add_memory(o, s);
        if (r >= 0)
                r = add_cpu(o, s);
        if (r >= 0)
                r = add_io(o, s);
        if (r >= 0)
                r = json_add_i64(o, "PidsLimit",
                                 container_spec_has(s, "pids-limit") ? s->pids_limit : TASKS_MAX_DEFAULT);
        if (r >= 0)
                r = json_add_string(o, "CgroupParent", s->cgroup_parent ?: "machine.slice");
        if (r >= 0)
                r = json_add_string(o, "CgroupManager", "systemd");
        if (r >= 0)
                r = json_add_string(o, "Cgroups",
                                    streq_ptr(s->cgroups, "no-conmon") ? "no-conmon" : "default");
        if (r >= 0)
                r = s->cgroup_conf && *s->cgroup_conf ? json_add_string_map(o, "CgroupConf", s->cgroup_conf)
                                                      : json_add(o, "CgroupConf", json_object_new_object());
        if (r >= 0 && s->unit_properties && *s->unit_properties)
                r = json_add_strv(o, "UnitProperties", s->unit_properties);
        return r;
}
