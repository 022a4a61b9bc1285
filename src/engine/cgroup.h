/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The path of the scope that a process is in, as "/machine.slice/creel-x.scope"; what is below the scope is
 * left out. -ENXIO: it is in none. */
int cgroup_scope_of(pid_t pid, char **ret);

/* Opens <scope>/supervisor, where our own processes are. -ENOENT: the cgroup is gone. */
int cgroup_open_supervisor(const char *scope, int *ret_fd);

/* Signals every process beneath <scope>/payload; SIGKILL does so at one blow. -ENOENT: the cgroup is gone.
 */
int cgroup_signal_payload(const char *scope, int signal);

/* Freezes or thaws <scope>/payload. It takes effect later: cgroup_payload_events_open() opens its
 * cgroup.events, which becomes EPOLLPRI with each change after cgroup_events_frozen() has read it. */
int cgroup_freeze_payload(const char *scope, bool freeze);
int cgroup_payload_events_open(const char *scope, int *ret_fd);
/* 0 or 1. */
int cgroup_events_frozen(int fd);

/* Whether the cgroup of a unit directly in that slice has no process, 0 or 1. -ENOENT: there is no such
 * cgroup. */
int cgroup_unit_is_empty(const char *slice, const char *unit);
