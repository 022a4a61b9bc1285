/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/macro.h"
#include "spec/unit-property.h"
#include "unit/systemd.h"

/* Transient scopes: made, stopped and signalled through PID 1 and never through the cgroup file system. */

#define SCOPE_JOBS_MAX 4096u
#define SCOPE_STARTS_IN_FLIGHT_MAX 32u /* PID 1 is one thread: more would only make each of them slower */

typedef struct ScopeSpec {
        const char *unit;           /* creel-<name>.scope, see scope_unit_name() */
        const char *slice;          /* NULL: machine.slice */
        const char *description;    /* NULL: the unit's name */
        pid_t pid;                  /* the one process that the scope starts with */
        int pidfd;                  /* of the same process, or negative; not consumed */
        uint64_t timeout_stop_usec; /* from KillSignal to SIGKILL; has to exceed the supervisor's own
                                       patience. 0: systemd's */
        char *const *device_allow;  /* "NODE ACCESS" as DeviceAllow= has it, besides what all containers need
                                     */
        bool all_devices;           /* no device policy at all */
        int kill_signal; /* what every process in the scope gets when it is stopped; 0: SIGTERM. A signal
                          * that programs ignore (SIGURG) leaves the payload to the supervisor alone */
        bool as_given; /* for containers that are not creeld's: no order of shutdown, no word about how it is
                          stopped and collected, beyond what the properties say */
        UnitProperties properties; /* limits and the like; borrowed */
} ScopeSpec;

typedef struct ScopeJob ScopeJob;

/* Called once, when the job is over. @error is 0 or a negative errno, and @text is then one line for people
 * (borrowed, NULL on success). The job may be freed in here. */
typedef void (*scope_callback_t)(int error, const char *text, void *userdata);

/* Makes and starts a scope; the callback comes when the process has been moved there. A unit of that name
 * which is about to vanish (the last one of a container that was just removed) is waited for. What the
 * callback may get: -EEXIST the unit belongs to somebody else, -ETIMEDOUT, -ENOMEM, -EIO with systemd's own
 * words. -E2BIG from here: SCOPE_JOBS_MAX. */
int scope_start(Systemd *s, const ScopeSpec *spec, scope_callback_t callback, void *userdata,
                ScopeJob **ret);

/* Stops a unit; one that does not exist is stopped already. Without @callback and @ret nobody hears of the
 * outcome. */
int scope_stop(Systemd *s, const char *unit, scope_callback_t callback, void *userdata, ScopeJob **ret);

/* Changes properties of a running unit, until it stops (systemctl set-property --runtime). A list of devices
 * takes the place of the one before. */
int scope_update(Systemd *s, const char *unit, const UnitProperties *properties, scope_callback_t callback,
                 void *userdata, ScopeJob **ret);

/* Sends @signal to every process of the unit, payload and supervisor. */
int scope_kill(Systemd *s, const char *unit, int signal, scope_callback_t callback, void *userdata,
               ScopeJob **ret);

/* Has systemd forget that the unit failed, and with it the unit; one that does not exist is forgotten. */
int scope_reset_failed(Systemd *s, const char *unit, scope_callback_t callback, void *userdata,
                       ScopeJob **ret);

/* Drops a job, finished or not: its callback is not called any more. What was asked of systemd already still
 * happens. Jobs for which @ret was NULL free themselves. */
ScopeJob *scope_job_free(ScopeJob *j);
DEFINE_CLEANUP(ScopeJob, scope_job_free)

/* Gives up a start whose process is gone: a scope that systemd has made, or makes yet, is stopped, and one
 * that has our name but is somebody else's is left alone. */
ScopeJob *scope_job_abandon(ScopeJob *j);

/* "web" -> "creel-web.scope". -EINVAL: not a container's name, or too long for a unit's. */
int scope_unit_name(const char *container_name, char **ret);
/* Is this the name of a slice, as systemd.slice(5) wants it? */
bool scope_slice_is_valid(const char *s);
