/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a running container uses. What a controller that is not there would say is absent. */

typedef enum Statistic {
        STATISTIC_MONOTONIC_USEC, /* when this was read */
        STATISTIC_CPU_USAGE_USEC,
        STATISTIC_CPU_USER_USEC,
        STATISTIC_CPU_SYSTEM_USEC,
        STATISTIC_CPU_PERIODS,
        STATISTIC_CPU_THROTTLED_PERIODS,
        STATISTIC_CPU_THROTTLED_USEC,
        STATISTIC_MEMORY_CURRENT,
        STATISTIC_MEMORY_USAGE, /* without cache that may go at once, as docker and podman count */
        STATISTIC_MEMORY_PEAK,
        STATISTIC_MEMORY_LIMIT, /* the host's memory where there is no other */
        STATISTIC_MEMORY_ANONYMOUS,
        STATISTIC_MEMORY_FILE,
        STATISTIC_MEMORY_KERNEL,
        STATISTIC_MEMORY_SWAP,
        STATISTIC_MEMORY_SWAP_LIMIT,
        STATISTIC_MEMORY_OOM_KILLS,
        STATISTIC_IO_READ_BYTES,
        STATISTIC_IO_WRITE_BYTES,
        STATISTIC_IO_READ_OPERATIONS,
        STATISTIC_IO_WRITE_OPERATIONS,
        STATISTIC_NETWORK_RECEIVED_BYTES,
        STATISTIC_NETWORK_RECEIVED_PACKETS,
        STATISTIC_NETWORK_RECEIVED_ERRORS,
        STATISTIC_NETWORK_RECEIVED_DROPPED,
        STATISTIC_NETWORK_SENT_BYTES,
        STATISTIC_NETWORK_SENT_PACKETS,
        STATISTIC_NETWORK_SENT_ERRORS,
        STATISTIC_NETWORK_SENT_DROPPED,
        STATISTIC_TASKS,       /* processes and threads */
        STATISTIC_TASKS_LIMIT, /* absent: none */
        _STATISTIC_MAX,
} Statistic;

typedef enum PressureKind {
        PRESSURE_CPU_SOME,
        PRESSURE_CPU_FULL,
        PRESSURE_MEMORY_SOME,
        PRESSURE_MEMORY_FULL,
        PRESSURE_IO_SOME,
        PRESSURE_IO_FULL,
        _PRESSURE_KIND_MAX,
} PressureKind;

typedef struct Pressure {
        bool is_set;
        double average10, average60, average300; /* percent of the time */
        uint64_t total_usec;
} Pressure;

typedef struct Statistics {
        uint64_t values[_STATISTIC_MAX];
        bool is_set[_STATISTIC_MAX];
        Pressure pressure[_PRESSURE_KIND_MAX];
} Statistics;

const char *statistic_to_string(Statistic key); /* "CPUUsageUSec", as on the bus */
int statistic_from_string(const char *s);
const char *pressure_kind_to_string(PressureKind kind); /* "CPUPressureSome" */
int pressure_kind_from_string(const char *s);
