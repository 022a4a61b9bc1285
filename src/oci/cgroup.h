/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "oci/cgroup-place.h"
#include "oci/oci.h"
#include "spec/runtime-spec.h"

/* The cgroup of a container, whoever makes it. Its processes are in it directly.
 *
 * create:  oci_cgroup_new(), oci_cgroup_prepare() as early as possible; oci_cgroup_fd() into
 *          RuntimeOptions.cgroup_fd; oci_cgroup_join() as soon as the payload's pid is known;
 *          oci_cgroup_apply() before the hooks of the runtime's namespaces; oci_cgroup_note(); on failure
 *          oci_cgroup_remove().
 * later:   oci_cgroup_of() and what is needed. All are good for a container without a cgroup. */

typedef struct OciAssist OciAssist;

typedef struct OciCgroup {
        OciManager manager;
        bool rootless;
        char *path;        /* of the container's processes, from the hierarchy's root; NULL: none, or systemd
                              has not said yet */
        char *unit;        /* systemd: the scope; NULL otherwise */
        char *slice;       /* until the scope stands */
        char *top;         /* where path lies beneath a cgroup that is the container's as well, or is the
                              scope's: that one, which is what is removed */
        int fd;            /* directory of path; -EBADF: not opened yet */
        OciAssist *assist; /* while systemd makes the scope */
} OciCgroup;

OciCgroup *oci_cgroup_free(OciCgroup *c);
DEFINE_CLEANUP(OciCgroup, oci_cgroup_free)

/* Decides where the container @id goes. Touches nothing. */
int oci_cgroup_new(const RuntimeSpec *spec, const char *id, OciManager manager, bool rootless,
                   OciCgroup **ret, Failure *reterr);

/* Makes the directory, or starts what asks systemd for the scope. InvalidState: there are processes in it
 * already, or it is frozen. A user who may not make one and asks for no limits gets none: the manager is
 * "disabled" from then on. */
int oci_cgroup_prepare(OciCgroup *c, const RuntimeSpec *spec, Failure *reterr);

/* What the payload can be born into; -EBADF: that has to wait (systemd), or there is none. Borrowed. */
int oci_cgroup_fd(const OciCgroup *c);

/* The payload exists: systemd may put it into a scope. Returns at once. */
int oci_cgroup_join(OciCgroup *c, const RuntimeSpec *spec, pid_t pid, int pidfd, Failure *reterr);

/* Waits until the payload is in its cgroup, hands that to the container's root where it has a user
 * namespace, and sets the limits and the device policy. It need not be moved afterwards. */
int oci_cgroup_apply(OciCgroup *c, const RuntimeSpec *spec, pid_t pid, Failure *reterr);

/* Sets other limits, and with @devices another device policy; systemd knows the limits as well. */
int oci_cgroup_update(OciCgroup *c, const RuntimeSpec *spec, bool devices, Failure *reterr);

/* Collects the process that talked to systemd, for who lives on, as `run` does. */
void oci_cgroup_settle(OciCgroup *c);

/* Into the state of the container, and out of it. -EBADMSG: a path that is none of ours. */
int oci_cgroup_note(const OciCgroup *c, OciContainer *container);
int oci_cgroup_of(const OciContainer *container, OciCgroup **ret);

/* Opens fd. 0: there is no cgroup, or not any more. 1: there is. */
int oci_cgroup_open(OciCgroup *c);

/* InvalidState where the container has no cgroup. */
int oci_cgroup_pause(OciCgroup *c, Failure *reterr);
int oci_cgroup_resume(OciCgroup *c, Failure *reterr);
bool oci_cgroup_is_paused(OciCgroup *c);
/* Sends @signal to all processes. 0: there is no cgroup to find them by. 1: sent. */
int oci_cgroup_signal_all(OciCgroup *c, int signal, Failure *reterr);
int oci_cgroup_pids(OciCgroup *c, pid_t **ret, size_t *ret_n, Failure *reterr);

/* Kills what is left in it, and removes it with everything beneath, the scope too. Idempotent.
 * With @linger systemd may take its time for that: some ten milliseconds for a container that lived no
 * longer, since the kernel does not tell of an empty cgroup twice in that time. */
int oci_cgroup_remove(OciCgroup *c, bool linger, Failure *reterr);
