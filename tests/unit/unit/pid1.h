/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "peer.h"

/* A PID 1 for tests, on a socket of its own: it answers what unit/scope.c asks, as the switches below say.
 */
typedef struct Pid1 {
        sd_event *event;
        char directory[32], path[64], address[80];
        int listen_fd;
        sd_event_source *accept_source;
        sd_bus *bus;

        const char *version, *active_state;
        bool refuse_pidfds; /* although the version is new enough */
        bool exists;        /* the unit is there: StartTransientUnit fails */
        bool mute;          /* job replies, but no JobRemoved */
        bool owner;         /* GetUnitByPID finds the unit */
        const char *result; /* of every job */

        unsigned n_connections, n_start, n_stop, n_kill, n_reset_failed, n_owner, n_jobs, n_set,
                        n_set_properties;
        bool with_pidfd, refuse_properties;
} Pid1;

static inline int pid1_job_removed(Pid1 *p, unsigned id, const char *unit) {
        char job[64];

        (void) snprintf(job, sizeof(job), "/org/freedesktop/systemd1/job/%u", id);
        return sd_bus_emit_signal(p->bus, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                  "JobRemoved", "uoss", (uint32_t) id, job, unit, p->result);
}

static inline int pid1_unit_removed(Pid1 *p, const char *unit) {
        return sd_bus_emit_signal(p->bus, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                  "UnitRemoved", "so", unit, "/org/freedesktop/systemd1/unit/x");
}

static inline int pid1_queue_job(Pid1 *p, sd_bus_message *m, const char *unit) {
        char job[64];

        (void) snprintf(job, sizeof(job), "/org/freedesktop/systemd1/job/%u", ++p->n_jobs);
        (void) sd_bus_reply_method_return(m, "o", job);
        return p->mute ? 1 : MAX(pid1_job_removed(p, p->n_jobs, unit), 1);
}

static inline int pid1_start(Pid1 *p, sd_bus_message *m) {
        const char *unit, *mode, *property;

        p->n_start++;
        p->with_pidfd = false;
        (void) sd_bus_message_read(m, "ss", &unit, &mode);
        (void) sd_bus_message_enter_container(m, 'a', "(sv)");
        (void) sd_bus_message_enter_container(m, 'r', "sv");
        (void) sd_bus_message_read(m, "s", &property);
        p->with_pidfd = streq(property, "PIDFDs");
        if (p->with_pidfd && p->refuse_pidfds)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_PROPERTY_READ_ONLY,
                                                  "Cannot set property PIDFDs, or unknown property.");
        if (p->exists)
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.UnitExists",
                                                  "Unit %s was already loaded.", unit);
        return pid1_queue_job(p, m, unit);
}

static inline int pid1_on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *unit = "", *mode, *interface, *member = sd_bus_message_get_member(m);
        Pid1 *p = userdata;

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get")) {
                (void) sd_bus_message_read(m, "ss", &interface, &unit);
                return sd_bus_reply_method_return(m, "v", "s",
                                                  streq(unit, "Version") ? p->version : p->active_state);
        }
        if (!sd_bus_message_is_method_call(m, "org.freedesktop.systemd1.Manager", NULL))
                return 0;
        if (streq(member, "StartTransientUnit"))
                return pid1_start(p, m);
        if (streq(member, "GetUnitByPID")) {
                p->n_owner++;
                return sd_bus_reply_method_return(
                                m, "o",
                                p->owner ? "/org/freedesktop/systemd1/unit/creel_2dweb_2escope" : "/x");
        }
        (void) sd_bus_message_read(m, "s", &unit);
        if (streq(member, "StopUnit")) {
                (void) sd_bus_message_read(m, "s", &mode);
                p->n_stop++;
                if (streq(unit, "creel-none.scope"))
                        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit",
                                                          "Unit %s not loaded.", unit);
                return pid1_queue_job(p, m, unit);
        }
        if (streq(member, "KillUnit")) {
                p->n_kill++;
                return sd_bus_reply_method_return(m, NULL);
        }
        if (streq(member, "SetUnitProperties")) {
                int runtime = 0;

                (void) sd_bus_message_read(m, "b", &runtime);
                p->n_set += runtime && sd_bus_message_enter_container(m, 'a', "(sv)") > 0;
                while (sd_bus_message_skip(m, "(sv)") > 0)
                        p->n_set_properties++;
                return p->refuse_properties
                                       ? sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit",
                                                                    "Unit not loaded.")
                                       : sd_bus_reply_method_return(m, NULL);
        }
        if (streq(member, "ResetFailedUnit")) {
                p->n_reset_failed++;
                p->exists = false;
                return MAX(pid1_unit_removed(p, unit), 1);
        }
        return 0;
}

static inline int pid1_on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Pid1 *p = userdata;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        p->n_connections++;
        if (p->bus)
                sd_bus_close_unref(p->bus);
        return peer_serve(p->event, connection, pid1_on_call, p, &p->bus);
}

/* Executes itself anew: the connection breaks and nobody listens until pid1_listen(). */
static inline void pid1_reexec(Pid1 *p) {
        p->bus = sd_bus_close_unref(p->bus);
        p->accept_source = sd_event_source_disable_unref(p->accept_source);
        p->listen_fd = fd_close(p->listen_fd);
        (void) unlink(p->path);
}

static inline int pid1_listen(Pid1 *p) {
        struct sockaddr_un sa = {.sun_family = AF_UNIX};

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", p->path);
        p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (p->listen_fd < 0 || bind(p->listen_fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            listen(p->listen_fd, 8) < 0)
                return -errno;
        return sd_event_add_io(p->event, &p->accept_source, p->listen_fd, EPOLLIN, pid1_on_connection, p);
}

static inline Pid1 *pid1_new(void) {
        Pid1 *p = calloc(1, sizeof(Pid1));

        if (!p)
                return NULL;
        p->version = "252.36-1~deb12u1";
        p->active_state = "active";
        p->result = "done";
        p->listen_fd = -1;
        (void) snprintf(p->directory, sizeof(p->directory), "/tmp/creel-test-XXXXXX");
        if (!mkdtemp(p->directory) || sd_event_new(&p->event) < 0)
                return mfree(p);
        (void) snprintf(p->path, sizeof(p->path), "%s/private", p->directory);
        (void) snprintf(p->address, sizeof(p->address), "unix:path=%s", p->path);
        return p;
}

static inline Pid1 *pid1_free(Pid1 *p) {
        pid1_reexec(p);
        (void) rmdir(p->directory);
        sd_event_unref(p->event);
        return mfree(p);
}
