/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What bounds a container: properties of its scope, so that systemctl shows and changes what holds, and a
 * few files of the payload's cgroup that systemd has no property for. */

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/compile-unit.h"
#include "spec/cgroup-key.h"
#include "spec/cpu-set.h"
#include "spec/device-limit.h"
#include "spec/json.h"
#include "spec/weight.h"

#define CPU_PERIOD_DEFAULT_USEC 100000
#define ONLINE_BYTES_MAX 4096
#define CPUS_ONLINE "/sys/devices/system/cpu/online"
#define NODES_ONLINE "/sys/devices/system/node/online"

#define refuse(f, ...) failure_set(f, FAILURE_INVALID_ARGUMENT, __VA_ARGS__)

/* What there was only in version 1 of cgroups, and what does not go together. */
static int check_combinations(const ContainerSpec *s, Failure *f) {
        if (container_spec_has(s, "memory-swappiness") && s->memory_swappiness != -1)
                return refuse(f, "option --memory-swappiness: cgroup version 2 has no swappiness of a "
                                 "container; "
                                 "leave it out, and limit swap with --memory-swap");
        if (s->oom_kill_disable)
                return refuse(f,
                              "option --oom-kill-disable: cgroup version 2 cannot keep the OOM killer away; "
                              "leave it out, and protect memory with --memory-reservation");
        if (s->cpu_rt_runtime_usec != 0 || s->cpu_rt_period_usec != 0)
                return refuse(f,
                              "option --cpu-rt-%s: cgroup version 2 has no realtime budgets; leave it out",
                              s->cpu_rt_runtime_usec != 0 ? "runtime" : "period");
        if (s->cpus > 0 && (s->cpu_quota_usec != 0 || s->cpu_period_usec != 0))
                return refuse(f, "options --cpus and --cpu-%s both limit CPU time; give one of them",
                              s->cpu_quota_usec != 0 ? "quota" : "period");
        if (s->memory_swap_bytes > 0 && s->memory_bytes == 0)
                return refuse(f,
                              "option --memory-swap: the limit of memory and swap needs one of memory; give "
                              "--memory, too");
        if (s->memory_swap_bytes > 0 && (uint64_t) s->memory_swap_bytes < s->memory_bytes)
                return refuse(f, "option --memory-swap: memory and swap together must be at least --memory");
        if (s->memory_bytes > 0 && s->memory_reservation_bytes > s->memory_bytes)
                return refuse(f, "option --memory-reservation: must not be more than --memory");
        if (streq_ptr(s->cgroups, "disabled"))
                return refuse(f, "option --cgroups=disabled: a container is a systemd scope, which is a "
                                 "cgroup; "
                                 "leave it out");
        if (streq_ptr(s->cgroups, "split"))
                return refuse(f, "option --cgroups=split: a container has a scope of its own and does not "
                                 "share "
                                 "the caller's cgroup; choose its slice with --cgroup-parent");
        return 0;
}

static int add_memory(const ContainerSpec *s, UnitProperties *p) {
        bool memory = container_spec_has(s, "memory"), swap = container_spec_has(s, "memory-swap");
        uint64_t swap_max = UINT64_MAX;
        int r = 0;

        if (memory)
                r = unit_properties_add_number(p, "MemoryMax", s->memory_bytes ?: UINT64_MAX);
        /* As docker and podman: without a word, as much swap again. */
        if (s->memory_bytes > 0 && s->memory_swap_bytes > 0)
                swap_max = (uint64_t) s->memory_swap_bytes - s->memory_bytes;
        else if (s->memory_bytes > 0 && s->memory_swap_bytes == 0)
                swap_max = s->memory_bytes;
        if (r >= 0 && (memory || swap))
                r = unit_properties_add_number(p, "MemorySwapMax", swap_max);
        if (r >= 0 && container_spec_has(s, "memory-reservation"))
                r = unit_properties_add_number(p, "MemoryLow", s->memory_reservation_bytes);
        return r;
}

static int add_quota(const ContainerSpec *s, UnitProperties *p) {
        uint64_t period = s->cpu_period_usec > 0 ? (uint64_t) s->cpu_period_usec : CPU_PERIOD_DEFAULT_USEC,
                 quota = UINT64_MAX;
        int r;

        if (s->cpus > 0)
                quota = (uint64_t) MAX(s->cpus * (double) USEC_PER_SEC, 1.0);
        else if (s->cpu_quota_usec > 0)
                quota = (uint64_t) ((double) s->cpu_quota_usec / (double) period * (double) USEC_PER_SEC);
        r = unit_properties_add_number(p, "CPUQuotaPerSecUSec", quota);
        if (r >= 0 && s->cpu_period_usec > 0)
                r = unit_properties_add_number(p, "CPUQuotaPeriodUSec", period);
        return r;
}

static int add_set(const char *option, const char *text, const char *online, const char *property,
                   UnitProperties *p, Failure *f) {
        _cleanup_free_ char *there = NULL;
        cpu_set_t set, present, both;
        int r;

        r = cpu_set_parse(text, &set);
        if (r >= 0)
                r = unit_properties_add_set(p, property, &set);
        if (r < 0)
                return r;
        if (file_read(AT_FDCWD, online, ONLINE_BYTES_MAX, &there, NULL) < 0)
                return 0; /* a kernel without NUMA */
        there[strcspn(there, "\n")] = 0;
        if (cpu_set_parse(there, &present) < 0)
                return 0;
        CPU_AND(&both, &set, &present);
        if (!CPU_EQUAL(&both, &set))
                return refuse(f, "option --%s has '%s': this host has %s", option, text, there);
        return 0;
}

static int add_cpu(const ContainerSpec *s, UnitProperties *p, Failure *f) {
        int r = 0;

        if (container_spec_has(s, "cpu-shares"))
                r = unit_properties_add_number(p, "CPUWeight",
                                               s->cpu_shares > 0 ? weight_of_shares(s->cpu_shares)
                                                                 : UINT64_MAX);
        if (r >= 0 && (container_spec_has(s, "cpus") || container_spec_has(s, "cpu-quota") ||
                       container_spec_has(s, "cpu-period")))
                r = add_quota(s, p);
        if (r >= 0 && s->cpuset_cpus)
                r = add_set("cpuset-cpus", s->cpuset_cpus, CPUS_ONLINE, "AllowedCPUs", p, f);
        if (r >= 0 && s->cpuset_mems)
                r = add_set("cpuset-mems", s->cpuset_mems, NODES_ONLINE, "AllowedMemoryNodes", p, f);
        return r;
}

static int add_devices(const char *option, char *const *texts, DeviceLimitKind kind, const char *property,
                       UnitProperties *p, Failure *f) {
        STRV_FOREACH(i, texts) {
                _cleanup_free_ char *path = NULL;
                struct stat st;
                uint64_t value;
                int r;

                r = device_limit_parse(*i, kind, &path, &value);
                if (r < 0)
                        return r;
                if (stat(path, &st) < 0)
                        return refuse(f, "option --%s has '%s': there is no device %s", option, *i, path);
                if (!S_ISBLK(st.st_mode))
                        return refuse(f, "option --%s has '%s': %s is not a block device", option, *i, path);
                r = unit_properties_add_device(p, property, path,
                                               kind == DEVICE_LIMIT_WEIGHT ? weight_of_blkio(value) : value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_io(const ContainerSpec *s, UnitProperties *p, Failure *f) {
        const struct {
                const char *option;
                char *const *texts;
                DeviceLimitKind kind;
                const char *property;
        } rows[] = {
                { "blkio-weight-device", s->blkio_weight_device, DEVICE_LIMIT_WEIGHT, "IODeviceWeight" },
                { "device-read-bps", s->device_read_bps, DEVICE_LIMIT_BYTES, "IOReadBandwidthMax" },
                { "device-write-bps", s->device_write_bps, DEVICE_LIMIT_BYTES, "IOWriteBandwidthMax" },
                { "device-read-iops", s->device_read_iops, DEVICE_LIMIT_COUNT, "IOReadIOPSMax" },
                { "device-write-iops", s->device_write_iops, DEVICE_LIMIT_COUNT, "IOWriteIOPSMax" },
        };
        int r = 0;

        if (container_spec_has(s, "blkio-weight"))
                r = unit_properties_add_number(p, "IOWeight",
                                               s->blkio_weight > 0
                                                               ? weight_of_blkio((uint64_t) s->blkio_weight)
                                                               : UINT64_MAX);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rows); i++)
                r = add_devices(rows[i].option, rows[i].texts, rows[i].kind, rows[i].property, p, f);
        return r;
}

static int add_given(const ContainerSpec *s, UnitProperties *p, Failure *f) {
        STRV_FOREACH(i, s->unit_properties) {
                const char *hint;
                int r;

                r = unit_properties_parse(p, *i, &hint);
                if (r == -EEXIST)
                        return refuse(f,
                                      "option --property has '%s': another option sets that property; give "
                                      "one "
                                      "of them",
                                      *i);
                if (r < 0)
                        return r == -ENOMEM ? r : refuse(f, "option --property has '%s': %s", *i, hint);
        }
        return 0;
}

int compile_unit(const ContainerSpec *s, UnitProperties *ret, Failure *f) {
        _cleanup_(unit_properties_done) UnitProperties p = {};
        int r;

        r = check_combinations(s, f);
        if (r >= 0)
                r = add_memory(s, &p);
        if (r >= 0)
                r = add_cpu(s, &p, f);
        if (r >= 0)
                r = add_io(s, &p, f);
        if (r >= 0 && container_spec_has(s, "pids-limit"))
                r = unit_properties_add_number(&p, "TasksMax",
                                               s->pids_limit > 0 ? (uint64_t) s->pids_limit : UINT64_MAX);
        if (r >= 0)
                r = add_given(s, &p, f);
        if (r >= 0 && !unit_properties_find(&p, "TasksMax"))
                r = unit_properties_add_number(&p, "TasksMax", TASKS_MAX_DEFAULT);
        if (r < 0)
                return r;
        *ret = p;
        p = (UnitProperties){};
        return 0;
}

int compile_resources(const CompileInput *in, json_object *linux_part, Failure *f) {
        _cleanup_json_ json_object *resources = json_object_new_object(),
                                   *unified = json_object_new_object();
        const ContainerSpec *s = in->record->spec;
        _cleanup_(unit_properties_done) UnitProperties p = {};
        int r;

        if (!resources || !unified)
                return -ENOMEM;
        r = compile_unit(s, &p, f);
        /* In payload/, so that the supervisor lives to tell. */
        if (r >= 0 && streq_ptr(s->oom_policy, "kill"))
                r = json_add_string(unified, "memory.oom.group", "1");
        STRV_FOREACH(i, r < 0 ? NULL : s->cgroup_conf) {
                _cleanup_free_ char *key = NULL;
                const char *value;

                r = cgroup_key_parse(*i, &key, &value);
                if (r >= 0)
                        r = json_add_string(unified, key, value);
                if (r < 0)
                        return r;
        }
        if (r < 0 || json_object_object_length(unified) == 0)
                return MIN(r, 0);
        r = json_add(resources, "unified", TAKE_PTR(unified));
        return r < 0 ? r : json_add(linux_part, "resources", TAKE_PTR(resources));
}
