/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <systemd/sd-event.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/follow.h"
#include "ctl/journal.h"
#include "ctl/object.h"
#include "ctl/timespec.h"

static bool arg_follow, arg_timestamps;
static const char *arg_tail;
static uint64_t arg_since_usec = USEC_INFINITY, arg_until_usec = USEC_INFINITY;

const Option logs_options[] = {
        { "follow", 'f', NULL, "Go on until the container has stopped", option_set_flag, &arg_follow },
        { "tail", 'n', "NUMBER", "Only the last lines (default: all)", option_set_string, &arg_tail },
        { "since", 0, "TIME", "Only lines from this time on: 10m, 2026-01-02T15:04:05Z, ...", timespec_set,
          &arg_since_usec },
        { "until", 0, "TIME", "Only lines up to this time", timespec_set, &arg_until_usec },
        { "timestamps", 't', NULL, "Show when each line was written", option_set_flag, &arg_timestamps },
        {},
};

typedef struct Logs {
        Ctl *c;
        sd_event *event;
        Follow *follow;
        ContainerInfo *info;
        JournalLines lines;
} Logs;

static int print_new(sd_journal *j, void *userdata) {
        Logs *l = userdata;
        int r = journal_print_new(j, &l->lines);

        (void) fflush(l->lines.out);
        (void) fflush(l->lines.error);
        return r;
}

/* The container has stopped: what it wrote may still be on its way through journald. */
static int finish(Logs *l) {
        int r;

        journal_synchronize();
        r = follow_drain(l->follow);
        return sd_event_exit(l->event, r < 0 ? r : 0);
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Logs *l = userdata;
        const char *interface;

        if (sd_bus_message_read(m, "s", &interface) < 0 || !streq(interface, CREEL_CONTAINER) ||
            container_info_update(l->info, m) < 0)
                return 0;
        return container_info_is_active(l->info) ? 0 : finish(l);
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Logs *l = userdata;
        const char *path;

        return sd_bus_message_read(m, "so", NULL, &path) >= 0 && streq(path, l->info->path) ? finish(l) : 0;
}

static int on_state(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Logs *l = userdata;

        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_UNKNOWN_OBJECT))
                return finish(l);
        if (sd_bus_message_is_method_error(m, NULL) || container_info_update(l->info, m) < 0)
                return 0;
        return container_info_is_active(l->info) ? 0 : finish(l);
}

/* A new creeld: what happened while there was none was told to nobody. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Logs *l = userdata;
        const char *owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) < 0 || !*owner)
                return 0;
        return sd_bus_call_method_async(l->c->bus, NULL, CREEL_BUS_NAME, l->info->path,
                                        "org.freedesktop.DBus.Properties", "GetAll", on_state, l, "s",
                                        CREEL_CONTAINER);
}

/* Watches first and asks for the state afterwards, so that no change falls in between. */
static int watch(Logs *l, Failure *f) {
        sd_bus *bus = l->c->bus;
        int r;

        r = sd_bus_match_signal(bus, NULL, CREEL_BUS_NAME, l->info->path, "org.freedesktop.DBus.Properties",
                                "PropertiesChanged", on_changed, l);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, CREEL_BUS_NAME, CREEL_BUS_PATH, CREEL_MANAGER,
                                        "ContainerRemoved", on_removed, l);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                                     "arg0='" CREEL_BUS_NAME "'",
                                     on_owner_changed, l);
        if (r >= 0)
                r = sd_bus_attach_event(bus, l->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_call_method_async(bus, NULL, CREEL_BUS_NAME, l->info->path,
                                             "org.freedesktop.DBus.Properties", "GetAll", on_state, l, "s",
                                             CREEL_CONTAINER);
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

static int follow(Logs *l, sd_journal *j, Failure *f) {
        int r;

        r = sd_event_new(&l->event);
        if (r >= 0)
                r = follow_new(l->event, j, print_new, l, &l->follow);
        if (r >= 0 && arg_until_usec != USEC_INFINITY)
                r = follow_until(l->event, arg_until_usec);
        if (r >= 0)
                r = journal_print_lines(j, &l->lines);
        if (r != 0)
                return r;
        (void) fflush(NULL);
        r = watch(l, f);
        if (r >= 0)
                r = sd_event_loop(l->event);
        (void) sd_bus_detach_event(l->c->bus);
        return r;
}

/* A container that is gone, by name. */
static int print_removed(sd_journal *j, const char *name, const JournalLines *lines) {
        int r;

        r = journal_match_container(j, NULL, name);
        if (r >= 0)
                r = sd_journal_seek_head(j);
        if (r >= 0)
                r = sd_journal_next(j);
        return r > 0 ? journal_print_lines(j, lines) : r < 0 ? r : -ENOENT;
}

static int show(Logs *l, const char *name, Failure *f) {
        _cleanup_journal_ sd_journal *j = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(l->c, name, &path, f);
        if (r >= 0)
                r = container_info_get(l->c, path, &l->info, f);
        if (r < 0 && f->kind != FAILURE_NO_SUCH_CONTAINER)
                return r;
        if (r < 0) {
                _cleanup_failure_ Failure other = {};

                journal_synchronize();
                r = journal_open_system(&j, &other);
                if (r >= 0)
                        r = print_removed(j, name, &l->lines);
                if (r >= 0)
                        failure_done(f);
                return r;
        }
        if (!arg_follow)
                journal_synchronize();
        r = journal_open_system(&j, f);
        if (r >= 0)
                r = journal_match_container(j, l->info->id, NULL);
        if (r < 0)
                return r;
        return arg_follow ? follow(l, j, f) : journal_print_lines(j, &l->lines);
}

int verb_logs(Ctl *c, char **operands, Failure *f) {
        Logs l = {
                .c = c,
                .lines = { .since_usec = arg_since_usec,
                           .until_usec = arg_until_usec,
                           .tail = UINT64_MAX,
                           .timestamps = arg_timestamps,
                           .out = stdout,
                           .error = stderr },
        };
        int r;

        if (arg_tail && !streq(arg_tail, "all") && parse_u64(arg_tail, &l.lines.tail) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--tail' has '%s': must be a number of lines, or all", arg_tail);
        r = show(&l, operands[0], f);
        (void) follow_free(l.follow);
        sd_event_unref(l.event);
        (void) container_info_free(l.info);
        if (r == -EPIPE)
                return 0;
        if (r < 0 && !f->text)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot read the journal");
        return r < 0 ? r : 0;
}
