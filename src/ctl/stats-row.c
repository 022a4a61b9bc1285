/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/describe.h"
#include "ctl/stats-row.h"
#include "spec/json.h"

#define ABSENT "--"

static bool has(const Statistics *s, Statistic key) {
        return s && s->is_set[key];
}

static void format_percent(char *buf, size_t size, bool is_known, double v) {
        if (is_known)
                (void) snprintf(buf, size, "%.2f%%", v);
        else
                (void) snprintf(buf, size, ABSENT);
}

/* "1.5MB / 2GB" */
static void format_pair(char *buf, size_t size, const Statistics *s, Statistic a, Statistic b) {
        char left[32] = ABSENT, right[32] = ABSENT;

        if (has(s, a))
                (void) format_bytes(left, sizeof(left), s->values[a]);
        if (has(s, b))
                (void) format_bytes(right, sizeof(right), s->values[b]);
        (void) snprintf(buf, size, "%s / %s", left, right);
}

static double share(uint64_t part, uint64_t whole) {
        return whole > 0 ? 100.0 * (double) part / (double) whole : 0;
}

static uint64_t uptime(const ContainerInfo *info, uint64_t now) {
        return info->started_usec > 0 && now > info->started_usec ? now - info->started_usec : 0;
}

/* Of one CPU: two that are busy make 200. */
static void fill_cpu(StatsRow *row, const ContainerInfo *info, const Statistics *s, const Statistics *before,
                     uint64_t now) {
        uint64_t used, used_before;

        if (!has(s, STATISTIC_CPU_USAGE_USEC))
                return;
        used = s->values[STATISTIC_CPU_USAGE_USEC];
        row->average = row->cpu = share(used, uptime(info, now));
        if (!has(before, STATISTIC_CPU_USAGE_USEC))
                return;
        used_before = before->values[STATISTIC_CPU_USAGE_USEC];
        row->cpu = used >= used_before ? share(used - used_before,
                                               s->values[STATISTIC_MONOTONIC_USEC] -
                                                               before->values[STATISTIC_MONOTONIC_USEC])
                                       : 0;
}

void stats_row_fill(StatsRow *row, const ContainerInfo *info, const Statistics *s, const Statistics *before,
                    uint64_t now, bool full_id) {
        bool has_cpu = has(s, STATISTIC_CPU_USAGE_USEC), has_memory = has(s, STATISTIC_MEMORY_USAGE);

        *row = (StatsRow){};
        (void) snprintf(row->id, sizeof(row->id), "%.*s", full_id ? 64 : SHORT_ID_LENGTH, info->id);
        (void) snprintf(row->name, sizeof(row->name), "%s", info->name);
        fill_cpu(row, info, s, before, now);
        format_percent(row->cpu_percent, sizeof(row->cpu_percent), has_cpu, row->cpu);
        format_percent(row->average_cpu, sizeof(row->average_cpu), has_cpu, row->average);
        if (has_cpu)
                (void) clock_format_duration(row->cpu_time, sizeof(row->cpu_time),
                                             s->values[STATISTIC_CPU_USAGE_USEC]);
        else
                (void) snprintf(row->cpu_time, sizeof(row->cpu_time), ABSENT);
        format_pair(row->memory_usage, sizeof(row->memory_usage), s, STATISTIC_MEMORY_USAGE,
                    STATISTIC_MEMORY_LIMIT);
        format_percent(row->memory_percent, sizeof(row->memory_percent), has_memory,
                       has_memory ? share(s->values[STATISTIC_MEMORY_USAGE],
                                          s->values[STATISTIC_MEMORY_LIMIT])
                                  : 0);
        format_pair(row->network_io, sizeof(row->network_io), s, STATISTIC_NETWORK_RECEIVED_BYTES,
                    STATISTIC_NETWORK_SENT_BYTES);
        format_pair(row->block_io, sizeof(row->block_io), s, STATISTIC_IO_READ_BYTES,
                    STATISTIC_IO_WRITE_BYTES);
        if (has(s, STATISTIC_TASKS))
                (void) snprintf(row->tasks, sizeof(row->tasks), "%" PRIu64, s->values[STATISTIC_TASKS]);
        else
                (void) snprintf(row->tasks, sizeof(row->tasks), ABSENT);
}

static int add_numbers(json_object *o, const Statistics *s) {
        json_object *numbers = json_object_new_object();
        int r;

        r = !numbers ? -ENOMEM : json_add(o, "statistics", numbers);
        for (int i = 0; i < _STATISTIC_MAX && r >= 0; i++)
                if (s->is_set[i])
                        r = json_add_u64(numbers, statistic_to_string((Statistic) i), s->values[i]);
        return r;
}

static int add_pressure(json_object *parent, const char *key, const Pressure *p) {
        json_object *o = json_object_new_object();
        int r;

        r = !o ? -ENOMEM : json_add(parent, key, o);
        if (r >= 0)
                r = json_add(o, "avg10", json_object_new_double(p->average10));
        if (r >= 0)
                r = json_add(o, "avg60", json_object_new_double(p->average60));
        if (r >= 0)
                r = json_add(o, "avg300", json_object_new_double(p->average300));
        return r < 0 ? r : json_add_u64(o, "total_usec", p->total_usec);
}

static int add_pressures(json_object *o, const Statistics *s) {
        static const char *const resources[] = { "cpu", "memory", "io" };
        json_object *all = json_object_new_object();
        int r;

        r = !all ? -ENOMEM : json_add(o, "pressure", all);
        for (size_t i = 0; i < ELEMENTSOF(resources) && r >= 0; i++) {
                const Pressure *some = s->pressure + 2 * i, *full = some + 1;
                json_object *one;

                if (!some->is_set && !full->is_set)
                        continue;
                one = json_object_new_object();
                r = !one ? -ENOMEM : json_add(all, resources[i], one);
                if (r >= 0 && some->is_set)
                        r = add_pressure(one, "some", some);
                if (r >= 0 && full->is_set)
                        r = add_pressure(one, "full", full);
        }
        return r;
}

typedef struct TextField {
        const char *key, *text;
} TextField;

static int add_fields(json_object *o, const TextField *fields, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = json_add_string(o, fields[i].key, fields[i].text);
        return r;
}

int stats_row_to_json(const StatsRow *row, const Statistics *statistics, json_object **ret) {
        const TextField fields[] = {
                { "id", row->id },
                { "name", row->name },
                { "cpu_time", row->cpu_time },
                { "cpu_percent", row->cpu_percent },
                { "avg_cpu", row->average_cpu },
                { "mem_usage", row->memory_usage },
                { "mem_percent", row->memory_percent },
                { "net_io", row->network_io },
                { "block_io", row->block_io },
                { "pids", row->tasks },
        };
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = add_fields(o, fields, ELEMENTSOF(fields));
        if (r >= 0 && statistics)
                r = add_pressures(o, statistics);
        if (r >= 0 && statistics)
                r = add_numbers(o, statistics);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

int stats_row_to_text(const StatsRow *row, const ContainerInfo *info, const Statistics *statistics,
                      uint64_t now, json_object **ret) {
        static const struct {
                const char *key;
                Statistic statistic;
        } numbers[] = {
                { "MemUsageBytes", STATISTIC_MEMORY_USAGE },
                { "MemLimit", STATISTIC_MEMORY_LIMIT },
                { "NetInput", STATISTIC_NETWORK_RECEIVED_BYTES },
                { "NetOutput", STATISTIC_NETWORK_SENT_BYTES },
                { "BlockInput", STATISTIC_IO_READ_BYTES },
                { "BlockOutput", STATISTIC_IO_WRITE_BYTES },
        };
        char up[48];
        const TextField fields[] = {
                { "ID", row->id },
                { "ContainerID", info->id },
                { "Container", row->id },
                { "Name", row->name },
                { "CPUPerc", row->cpu_percent },
                { "AvgCPU", row->average_cpu },
                { "MemUsage", row->memory_usage },
                { "MemPerc", row->memory_percent },
                { "NetIO", row->network_io },
                { "BlockIO", row->block_io },
                { "PIDS", row->tasks },
                { "PIDs", row->tasks },
                { "CPUTime", row->cpu_time },
                { "UpTime", clock_format_duration(up, sizeof(up), statistics ? uptime(info, now) : 0) },
        };
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = add_fields(o, fields, ELEMENTSOF(fields));
        if (r >= 0)
                r = json_add(o, "CPU", json_object_new_double(row->cpu));
        if (r >= 0)
                r = json_add_u64(o, "CPUNano",
                                 has(statistics, STATISTIC_CPU_USAGE_USEC)
                                                 ? statistics->values[STATISTIC_CPU_USAGE_USEC] * 1000
                                                 : 0);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = json_add_u64(o, numbers[i].key,
                                 has(statistics, numbers[i].statistic)
                                                 ? statistics->values[numbers[i].statistic]
                                                 : 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}
