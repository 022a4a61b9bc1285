/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "basic/macro.h"

/* The connection to PID 1. As root this is PID 1's private socket, which saves two hops through the bus
 * daemon for every message, else the system bus. Everything is asynchronous: what is asked for before the
 * connection stands waits for it, and what was under way when PID 1 executed itself anew (systemctl
 * daemon-reexec) is taken up again. */

typedef struct Systemd Systemd;

int systemd_new(sd_event *event, Systemd **ret);
/* The same with the D-Bus address of a peer that plays PID 1. */
int systemd_new_at(sd_event *event, const char *address, Systemd **ret);
/* Every ScopeJob is freed before this. */
Systemd *systemd_free(Systemd *s);
DEFINE_CLEANUP(Systemd, systemd_free)

/* The major version of PID 1, 0 while it is not known yet. */
unsigned systemd_version(const Systemd *s);

/* Calls back whenever PID 1 forgets a unit named creel-*.scope, that is, some time after its last process is
 * gone. */
typedef void (*systemd_unit_gone_t)(const char *unit, void *userdata);
void systemd_watch_units(Systemd *s, systemd_unit_gone_t callback, void *userdata);
