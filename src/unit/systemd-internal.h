/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "basic/list.h"
#include "unit/scope.h"
#include "unit/systemd.h"

/* What systemd.c (the connection) and scope.c (the jobs on it) share. */

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_UNIT_PATH "/org/freedesktop/systemd1/unit"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

#define SYSTEMD_VERSION_PIDFDS 254u     /* scopes take PIDFDs= */
#define SYSTEMD_VERSION_OOM_POLICY 253u /* scopes take OOMPolicy= */

struct Systemd {
        sd_event *event;
        char *address; /* NULL: the private socket, else the system bus */
        sd_bus *bus;   /* NULL while there is no connection */
        bool is_private;
        bool ready; /* the version is known, jobs may be sent */
        bool was_ready;
        unsigned version;
        bool refuses_pidfds;
        unsigned attempts;
        sd_event_source *retry;
        LIST_HEAD(ScopeJob, jobs); /* in the order of their arrival */
        unsigned n_jobs;
        systemd_unit_gone_t unit_gone;
        void *unit_gone_userdata;
};

/* The connection stands: sends what waits. Also called when there is room for more. */
void scope_jobs_send(Systemd *s);
/* The connection is gone: whatever was under way is sent again on the next one. */
void scope_jobs_lost(Systemd *s);
void scope_jobs_on_job_removed(Systemd *s, const char *job_path, const char *result);
void scope_jobs_on_unit_removed(Systemd *s, const char *unit);
