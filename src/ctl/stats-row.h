/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "ctl/object.h"
#include "spec/statistic.h"

/* One line of `creelctl stats`: what podman stats shows, with "--" for what the host has no controller for.
 */
typedef struct StatsRow {
        char id[65], name[80];
        char cpu_percent[32], average_cpu[32], memory_usage[80], memory_percent[32], network_io[80],
                        block_io[80], tasks[32], cpu_time[48];
        double cpu, average;
} StatsRow;

/* @statistics: NULL for one that does not run. @before: the same container's of one interval ago, or NULL:
 * then the CPU time is that since the start. */
void stats_row_fill(StatsRow *row, const ContainerInfo *info, const Statistics *statistics,
                    const Statistics *before, uint64_t now_realtime_usec, bool full_id);

/* The keys of podman's --format json, and the bare numbers besides. */
int stats_row_to_json(const StatsRow *row, const Statistics *statistics, json_object **ret);
/* The names of docker's and podman's templates. */
int stats_row_to_text(const StatsRow *row, const ContainerInfo *info, const Statistics *statistics,
                      uint64_t now_realtime_usec, json_object **ret);
