/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"

/* linux.resources of a runtime-spec document (OCI runtime-spec 1.2, config-linux.md, "Control groups"),
 * which is also what `update --resources` reads. What only version 1 of cgroups can do (limits of kernel
 * memory, swappiness, a disabled OOM killer, realtime, leaf weights, network classes) is refused, as
 * "Unified" there asks; its neutral values pass. A limit of 0 is none given where the specification does
 * not say what it means, as in crun and runc. */

#define RUNTIME_RESOURCE_LIST_MAX 4096
#define RUNTIME_UNIFIED_BYTES_MAX 4096 /* of one value: what a file of a cgroup takes at once */

/* A number that may be absent. */
typedef struct RuntimeNumber {
        bool set;
        int64_t value; /* -1: no limit, where the specification says so */
} RuntimeNumber;

/* One rule of the device policy; later ones win. */
typedef struct RuntimeDeviceRule {
        bool allow;
        char type;            /* 'a', 'b', 'c' */
        int64_t major, minor; /* -1: all */
        bool read, write, mknod;
} RuntimeDeviceRule;

typedef struct RuntimeBlockWeight {
        uint32_t major, minor;
        RuntimeNumber weight; /* 10 to 1000 */
} RuntimeBlockWeight;

typedef enum RuntimeThrottleKind {
        RUNTIME_THROTTLE_READ_BPS,
        RUNTIME_THROTTLE_WRITE_BPS,
        RUNTIME_THROTTLE_READ_IOPS,
        RUNTIME_THROTTLE_WRITE_IOPS,
        _RUNTIME_THROTTLE_MAX,
} RuntimeThrottleKind;

typedef struct RuntimeThrottle {
        RuntimeThrottleKind kind;
        uint32_t major, minor;
        uint64_t rate; /* 0: no limit */
} RuntimeThrottle;

typedef struct RuntimeHugepageLimit {
        char *page_size; /* "2MB", as the kernel's files spell it */
        uint64_t limit;
} RuntimeHugepageLimit;

typedef struct RuntimeRdmaLimit {
        char *device;
        RuntimeNumber handles, objects;
} RuntimeRdmaLimit;

typedef struct RuntimeResources {
        RuntimeDeviceRule *devices;
        size_t n_devices;
        RuntimeNumber memory_limit, memory_reservation, memory_swap; /* bytes; swap: memory and swap
                                                                        together, as in version 1, but
                                                                        0: no swap at all */
        bool memory_check_before_update;
        RuntimeNumber cpu_shares, cpu_quota, cpu_period, cpu_burst; /* shares 2 to 262144; microseconds */
        RuntimeNumber cpu_idle;
        char *cpus, *mems; /* lists of CPUs and memory nodes */
        RuntimeNumber pids_limit;
        RuntimeNumber block_weight; /* 10 to 1000 */
        RuntimeBlockWeight *block_weights;
        size_t n_block_weights;
        RuntimeThrottle *throttles;
        size_t n_throttles;
        RuntimeHugepageLimit *hugepages;
        size_t n_hugepages;
        RuntimeRdmaLimit *rdma;
        size_t n_rdma;
        char **unified; /* "key=value" for files of the payload's cgroup; keys are single names, but not
                           restricted as those of spec/cgroup-key.h are */
} RuntimeResources;

void runtime_resources_done(RuntimeResources *r);

/* Reads the object. -EBADMSG: *@ret_key is the member ("memory.limit") that *@reterr_text is about. -ENOMEM.
 * Both texts are owned by nobody: static. */
int runtime_resources_parse(json_object *o, RuntimeResources *ret, const char **ret_key,
                            const char **reterr_text);
