/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <unistd.h>

#include "unit/systemd-internal.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"

#define PRIVATE_SOCKET "/run/systemd/private"
#define RETRY_FIRST_USEC (10 * USEC_PER_MSEC)
#define RETRY_DOUBLINGS_MAX 7u /* up to 1.28 s */
#define PRIVATE_ATTEMPTS_MAX 8u

static void systemd_connect(Systemd *s);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Systemd *s = userdata;

        s->retry = sd_event_source_disable_unref(s->retry);
        systemd_connect(s);
        return 0;
}

/* There is no event for "PID 1 listens again", so this asks in growing intervals. */
static void systemd_retry_later(Systemd *s) {
        uint64_t usec = RETRY_FIRST_USEC << MIN(s->attempts, RETRY_DOUBLINGS_MAX);
        int r;

        s->attempts++;
        s->retry = sd_event_source_disable_unref(s->retry);
        r = sd_event_add_time_relative(s->event, &s->retry, CLOCK_MONOTONIC, usec, 0, on_retry, s);
        if (r < 0)
                log_error_errno(r, "Cannot set a timer for connecting to systemd: %m");
}

static void systemd_disconnect(Systemd *s) {
        if (!s->bus)
                return;
        s->ready = false;
        scope_jobs_lost(s);
        s->bus = sd_bus_close_unref(s->bus);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Systemd *s = userdata;

        log_debug("The connection to systemd is gone, connecting again.");
        systemd_disconnect(s);
        systemd_retry_later(s);
        return 0;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *path, *unit, *result;
        uint32_t id;
        int r;

        r = sd_bus_message_read(m, "uoss", &id, &path, &unit, &result);
        if (r < 0)
                log_debug_errno(r, "Cannot read systemd's JobRemoved, ignoring: %m");
        else
                scope_jobs_on_job_removed(userdata, path, result);
        return 0;
}

static int on_unit_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Systemd *s = userdata;
        const char *unit, *path;
        int r;

        r = sd_bus_message_read(m, "so", &unit, &path);
        if (r < 0) {
                log_debug_errno(r, "Cannot read systemd's UnitRemoved, ignoring: %m");
                return 0;
        }
        scope_jobs_on_unit_removed(s, unit);
        if (s->unit_gone && startswith(unit, "creel-") && endswith(unit, ".scope"))
                s->unit_gone(unit, s->unit_gone_userdata);
        return 0;
}

static int on_version(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Systemd *s = userdata;
        const char *version = "";

        /* A lost connection answers all calls with an error, then reports itself. */
        if (sd_bus_is_open(s->bus) <= 0)
                return 0;
        if (sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_read(reply, "v", "s", &version) < 0)
                log_debug("systemd does not tell its version, expecting the oldest that is supported.");
        else /* "257.7-1", "v256-rc2" */
                s->version = (unsigned) strtoul(startswith(version, "v") ?: version, NULL, 10);
        s->attempts = 0;
        s->ready = s->was_ready = true;
        log_debug("Connected to systemd %s%s.", version, s->is_private ? " by its private socket" : "");
        scope_jobs_send(s);
        return 0;
}

static int systemd_match(Systemd *s, const char *member, sd_bus_message_handler_t handler) {
        return sd_bus_match_signal_async(s->bus, NULL, s->is_private ? NULL : SYSTEMD_NAME, SYSTEMD_PATH,
                                         SYSTEMD_MANAGER, member, handler, NULL, s);
}

static int systemd_subscribe(Systemd *s) {
        int r = 0;

        /* On its private socket PID 1 sends signals to everyone, on the bus only while somebody subscribes.
         */
        if (!s->is_private)
                r = sd_bus_call_method_async(s->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                             "Subscribe", NULL, NULL, NULL);
        if (r >= 0)
                r = sd_bus_call_method_async(s->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH,
                                             "org.freedesktop.DBus.Properties", "Get", on_version, s, "ss",
                                             SYSTEMD_MANAGER, "Version");
        return r;
}

/* On the bus it is PID 1 that leaves and comes back when it executes itself anew, and our own connection
 * stays. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *name, *old_owner, *new_owner;
        Systemd *s = userdata;
        int r;

        r = sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner);
        if (r < 0)
                return 0;
        s->ready = false;
        scope_jobs_lost(s);
        if (!isempty(new_owner)) {
                r = systemd_subscribe(s);
                if (r < 0)
                        log_warning_errno(r, "Cannot subscribe to systemd's signals: %m");
        }
        return 0;
}

/* Matches before calls, so that nothing can be missed. */
static int systemd_greet(Systemd *s) {
        int r;

        r = sd_bus_match_signal_async(s->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL,
                                      s);
        if (r >= 0 && !s->is_private)
                r = sd_bus_add_match_async(
                                s->bus, NULL,
                                "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0="
                                "'" SYSTEMD_NAME "'",
                                on_owner_changed, NULL, s);
        if (r >= 0)
                r = systemd_match(s, "JobRemoved", on_job_removed);
        if (r >= 0)
                r = systemd_match(s, "UnitRemoved", on_unit_removed);
        return r < 0 ? r : systemd_subscribe(s);
}

static int systemd_open_at(const char *address, sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_description(bus, "systemd");
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int systemd_open(Systemd *s) {
        int r;

        s->is_private = true;
        if (s->address)
                return systemd_open_at(s->address, &s->bus);
        if (geteuid() == 0) {
                r = systemd_open_at("unix:path=" PRIVATE_SOCKET, &s->bus);
                if (r >= 0)
                        return 0;
                /* A PID 1 that was there before comes back; elsewhere the socket may be missing for good. */
                if (s->attempts < PRIVATE_ATTEMPTS_MAX && (s->was_ready || r != -ENOENT))
                        return r;
        }
        s->is_private = false;
        return sd_bus_open_system_with_description(&s->bus, "systemd");
}

static void systemd_connect(Systemd *s) {
        int r;

        r = systemd_open(s);
        if (r >= 0)
                r = sd_bus_attach_event(s->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = systemd_greet(s);
        if (r >= 0)
                return;
        (void) log_full_errno(s->attempts == PRIVATE_ATTEMPTS_MAX ? LOG_WARNING : LOG_DEBUG, r,
                              "Cannot connect to systemd, trying again: %m");
        systemd_disconnect(s);
        systemd_retry_later(s);
}

int systemd_new_at(sd_event *event, const char *address, Systemd **ret) {
        _cleanup_(systemd_freep) Systemd *s = NULL;

        s = new0(Systemd, 1);
        if (!s || string_set(&s->address, address) < 0)
                return -ENOMEM;
        s->event = sd_event_ref(event);
        systemd_connect(s);
        *ret = TAKE_PTR(s);
        return 0;
}

int systemd_new(sd_event *event, Systemd **ret) {
        return systemd_new_at(event, NULL, ret);
}

Systemd *systemd_free(Systemd *s) {
        if (!s)
                return NULL;
        while (s->jobs)
                scope_job_free(s->jobs);
        systemd_disconnect(s);
        sd_event_source_disable_unref(s->retry);
        sd_event_unref(s->event);
        free(s->address);
        return mfree(s);
}

unsigned systemd_version(const Systemd *s) {
        return s->version;
}

void systemd_watch_units(Systemd *s, systemd_unit_gone_t callback, void *userdata) {
        s->unit_gone = callback;
        s->unit_gone_userdata = userdata;
}
