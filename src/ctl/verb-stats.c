/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/statistics.h"
#include "ctl/object.h"
#include "ctl/output.h"
#include "ctl/stats-row.h"
#include "ctl/table.h"
#include "spec/json.h"

#define INTERVAL_DEFAULT_USEC (5 * USEC_PER_SEC)
#define INTERVAL_MAX_USEC (86400 * USEC_PER_SEC)

static bool arg_all, arg_no_stream, arg_no_reset, arg_no_trunc;
static uint64_t arg_interval_usec = INTERVAL_DEFAULT_USEC;

const Option stats_options[] = {
        { "all", 'a', NULL, "Show those that do not run, too", option_set_flag, &arg_all },
        { "no-stream", 0, NULL, "Show them once", option_set_flag, &arg_no_stream },
        { "no-reset", 0, NULL, "Do not clear the screen in between", option_set_flag, &arg_no_reset },
        { "no-trunc", 0, NULL, "Show ids in full", option_set_flag, &arg_no_trunc },
        { "interval", 'i', "SECONDS", "Time between two rounds (default: 5)", option_set_seconds,
          &arg_interval_usec },
        {},
};

/* One container in one round. */
typedef struct Sample {
        char *id;
        bool is_read;
        Statistics statistics;
} Sample;

typedef struct Round {
        ObjectList *objects;
        Sample *samples; /* of the containers shown, with their place in objects */
        size_t *indexes;
        size_t n;
} Round;

static void round_done(Round *r) {
        for (size_t i = 0; i < r->n; i++)
                free(r->samples[i].id);
        free(r->samples);
        free(r->indexes);
        r->objects = object_list_free(r->objects);
        *r = (Round){};
}

static const Sample *round_find(const Round *r, const char *id) {
        for (size_t i = 0; i < r->n; i++)
                if (streq(r->samples[i].id, id) && r->samples[i].is_read)
                        return r->samples + i;
        return NULL;
}

static bool runs(const ContainerInfo *info) {
        return streq(info->state, "running") || streq(info->state, "paused");
}

static int read_sample(Ctl *c, const ContainerInfo *info, Sample *s, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        int r;

        if (!runs(info))
                return 0;
        r = client_call(c, info->path, CREEL_CONTAINER, "GetStats", &reply, f, "");
        if (r < 0) {
                /* It has just ended, or is no more. */
                if (f->kind != FAILURE_INVALID_STATE && f->kind != FAILURE_NO_SUCH_CONTAINER)
                        return r;
                failure_done(f);
                *f = (Failure){};
                return 0;
        }
        r = statistics_read(reply, &s->statistics);
        s->is_read = r >= 0;
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

static int round_read(Ctl *c, char *const *paths, Round *ret, Failure *f) {
        _cleanup_(round_done) Round round = {};
        int r;

        r = object_list_get(c, &round.objects, f);
        if (r < 0)
                return r;
        round.samples = new0(Sample, round.objects->n_containers);
        round.indexes = new0(size_t, round.objects->n_containers);
        if (!round.samples || !round.indexes)
                return -ENOMEM;
        for (size_t i = 0; i < round.objects->n_containers; i++) {
                const ContainerInfo *info = round.objects->containers[i];
                Sample *s = round.samples + round.n;

                if (paths ? !strv_contains(paths, info->path) : !arg_all && !runs(info))
                        continue;
                if (string_set(&s->id, info->id) < 0)
                        return -ENOMEM;
                round.indexes[round.n++] = i;
                r = read_sample(c, info, s, f);
                if (r < 0)
                        return r;
        }
        *ret = round;
        round = (Round){};
        return 0;
}

static void fill_row(StatsRow *row, const Round *round, const Round *before, size_t i, uint64_t now) {
        const ContainerInfo *info = round->objects->containers[round->indexes[i]];
        const Sample *s = round->samples + i, *old = round_find(before, s->id);

        stats_row_fill(row, info, s->is_read ? &s->statistics : NULL, old ? &old->statistics : NULL, now,
                       arg_no_trunc);
}

static int print_table(Ctl *c, const Round *round, const Round *before, uint64_t now) {
        static const char *const headers[] = { "ID",       "NAME",      "CPU %",    "MEM USAGE / LIMIT",
                                               "MEM %",    "NET IO",    "BLOCK IO", "PIDS",
                                               "CPU TIME", "AVG CPU %", NULL };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(headers, &t);
        for (size_t i = 0; i < round->n && r >= 0; i++) {
                StatsRow row;

                fill_row(&row, round, before, i, now);
                const char *const cells[] = { row.id,           row.name,           row.cpu_percent,
                                              row.memory_usage, row.memory_percent, row.network_io,
                                              row.block_io,     row.tasks,          row.cpu_time,
                                              row.average_cpu };
                for (size_t k = 0; k < ELEMENTSOF(cells) && r >= 0; k++)
                        r = table_add(t, cells[k]);
        }
        return r < 0 ? r : table_print(t, !c->no_legend, stdout);
}

static int print_objects(Ctl *c, const Round *round, const Round *before, uint64_t now, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        const char *template = ctl_template(c);

        for (size_t i = 0; i < round->n && rows; i++) {
                const ContainerInfo *info = round->objects->containers[round->indexes[i]];
                const Statistics *s = round->samples[i].is_read ? &round->samples[i].statistics : NULL;
                json_object *o;
                StatsRow row;
                int r;

                fill_row(&row, round, before, i, now);
                r = template ? stats_row_to_text(&row, info, s, now, &o) : stats_row_to_json(&row, s, &o);
                if (r < 0)
                        return r;
                if (json_object_array_add(rows, o) < 0) {
                        (void) json_object_put(o);
                        return -ENOMEM;
                }
        }
        if (!rows)
                return -ENOMEM;
        return template ? output_template(rows, template, !c->no_legend, f) : output_json(rows, f);
}

static int round_print(Ctl *c, const Round *round, const Round *before, Failure *f) {
        uint64_t now = clock_now_realtime_usec();
        int r;

        if (!arg_no_stream && !arg_no_reset && isatty(STDOUT_FILENO))
                (void) fputs("\033[2J\033[H", stdout);
        r = c->format && !streq(c->format, "table") ? print_objects(c, round, before, now, f)
                                                    : print_table(c, round, before, now);
        (void) fflush(stdout);
        return r;
}

/* The time until the next round; the connection may have something to say meanwhile. */
static int wait_for_round(Ctl *c, Failure *f) {
        uint64_t until = clock_now_monotonic_usec() + arg_interval_usec, now;
        int r = 0;

        while (r >= 0 && (now = clock_now_monotonic_usec()) < until) {
                r = sd_bus_process(c->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(c->bus, until - now);
        }
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

int verb_stats(Ctl *c, char **operands, Failure *f) {
        _cleanup_(round_done) Round before = {};
        _cleanup_strv_free_ char **paths = NULL;
        int r = 0;

        if (arg_all && operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'stats --all' takes no container names");
        if (arg_interval_usec == 0 || arg_interval_usec > INTERVAL_MAX_USEC)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--interval': must be from 1 to 86400 seconds");
        for (char **name = operands; *name && r >= 0; name++) {
                char *path = NULL;

                r = client_find_container(c, *name, &path, f);
                if (r >= 0)
                        r = strv_consume(&paths, path);
        }
        while (r >= 0) {
                _cleanup_(round_done) Round round = {};

                r = round_read(c, paths, &round, f);
                if (r >= 0)
                        r = round_print(c, &round, &before, f);
                if (r < 0 || arg_no_stream)
                        break;
                round_done(&before);
                before = round;
                round = (Round){};
                r = wait_for_round(c, f);
        }
        return MIN(r, 0);
}
