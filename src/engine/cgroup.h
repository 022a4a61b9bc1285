/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* The path of the scope that a process is in, as "/machine.slice/creel-x.scope"; what is below the scope is
 * left out. -ENXIO: it is in none. */
int cgroup_scope_of(pid_t pid, char **ret);

/* Opens <scope>/supervisor, where our own processes are. -ENOENT: the cgroup is gone. */
int cgroup_open_supervisor(const char *scope, int *ret_fd);

/* Signals every process beneath <scope>/payload; SIGKILL does so at one blow. -ENOENT: the cgroup is gone.
 */
int cgroup_signal_payload(const char *scope, int signal);

/* Whether the cgroup of a unit directly in that slice has no process, 0 or 1. -ENOENT: there is no such
 * cgroup. */
int cgroup_unit_is_empty(const char *slice, const char *unit);
