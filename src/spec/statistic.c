/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/statistic.h"
#include "basic/table.h"

static const char *const statistic_table[] = {
        [STATISTIC_MONOTONIC_USEC] = "MonotonicUSec",
        [STATISTIC_CPU_USAGE_USEC] = "CPUUsageUSec",
        [STATISTIC_CPU_USER_USEC] = "CPUUserUSec",
        [STATISTIC_CPU_SYSTEM_USEC] = "CPUSystemUSec",
        [STATISTIC_CPU_PERIODS] = "CPUPeriods",
        [STATISTIC_CPU_THROTTLED_PERIODS] = "CPUThrottledPeriods",
        [STATISTIC_CPU_THROTTLED_USEC] = "CPUThrottledUSec",
        [STATISTIC_MEMORY_CURRENT] = "MemoryCurrent",
        [STATISTIC_MEMORY_USAGE] = "MemoryUsage",
        [STATISTIC_MEMORY_PEAK] = "MemoryPeak",
        [STATISTIC_MEMORY_LIMIT] = "MemoryLimit",
        [STATISTIC_MEMORY_ANONYMOUS] = "MemoryAnonymous",
        [STATISTIC_MEMORY_FILE] = "MemoryFile",
        [STATISTIC_MEMORY_KERNEL] = "MemoryKernel",
        [STATISTIC_MEMORY_SWAP] = "MemorySwap",
        [STATISTIC_MEMORY_SWAP_LIMIT] = "MemorySwapLimit",
        [STATISTIC_MEMORY_OOM_KILLS] = "MemoryOOMKills",
        [STATISTIC_IO_READ_BYTES] = "IOReadBytes",
        [STATISTIC_IO_WRITE_BYTES] = "IOWriteBytes",
        [STATISTIC_IO_READ_OPERATIONS] = "IOReadOperations",
        [STATISTIC_IO_WRITE_OPERATIONS] = "IOWriteOperations",
        [STATISTIC_NETWORK_RECEIVED_BYTES] = "NetworkReceivedBytes",
        [STATISTIC_NETWORK_RECEIVED_PACKETS] = "NetworkReceivedPackets",
        [STATISTIC_NETWORK_RECEIVED_ERRORS] = "NetworkReceivedErrors",
        [STATISTIC_NETWORK_RECEIVED_DROPPED] = "NetworkReceivedDropped",
        [STATISTIC_NETWORK_SENT_BYTES] = "NetworkSentBytes",
        [STATISTIC_NETWORK_SENT_PACKETS] = "NetworkSentPackets",
        [STATISTIC_NETWORK_SENT_ERRORS] = "NetworkSentErrors",
        [STATISTIC_NETWORK_SENT_DROPPED] = "NetworkSentDropped",
        [STATISTIC_TASKS] = "Tasks",
        [STATISTIC_TASKS_LIMIT] = "TasksLimit",
};
DEFINE_STRING_TABLE(statistic, Statistic, _STATISTIC_MAX)

static const char *const pressure_kind_table[] = {
        [PRESSURE_CPU_SOME] = "CPUPressureSome",       [PRESSURE_CPU_FULL] = "CPUPressureFull",
        [PRESSURE_MEMORY_SOME] = "MemoryPressureSome", [PRESSURE_MEMORY_FULL] = "MemoryPressureFull",
        [PRESSURE_IO_SOME] = "IOPressureSome",         [PRESSURE_IO_FULL] = "IOPressureFull",
};
DEFINE_STRING_TABLE(pressure_kind, PressureKind, _PRESSURE_KIND_MAX)
