/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "basic/failure.h"
#include "oci/assist.h"
#include "spec/runtime-spec.h"

/* The filter of a container: from the cache or, the first time, compiled by creel-assist; and the agent that
 * answers where it says SCMP_ACT_NOTIFY. */
typedef struct OciSeccomp {
        const RuntimeSpec *spec;
        OciAssist *assist; /* compiles; NULL: it does not */
        int filter_fd;     /* -EBADF: none, or not yet */
        int agent_fd;      /* connected to listenerPath; -EBADF: nobody is asked */
} OciSeccomp;

#define OCI_SECCOMP_NONE ((OciSeccomp){ .filter_fd = -EBADF, .agent_fd = -EBADF })

void oci_seccomp_done(OciSeccomp *s);

/* Begins; @spec is borrowed, and may have no filter at all. To be called, and finished, in the caller's
 * mount namespace. */
int oci_seccomp_begin(const RuntimeSpec *spec, OciSeccomp *ret, Failure *f);

/* Waits for the filter, and connects to the agent where one is needed. *@ret_fd is for
 * RuntimeOptions.seccomp_fd, borrowed; -EBADF: there is no filter. */
int oci_seccomp_finish(OciSeccomp *s, int *ret_fd, Failure *f);

/* Gives the listener to the agent, with the "container process state" (config-linux.md, "The Container
 * Process State"). @state: the container's, borrowed. @pid: the process under the filter. */
int oci_seccomp_tell(OciSeccomp *s, json_object *state, pid_t pid, int listener_fd, Failure *f);

/* Opens the directory of the cache, made when it is missing. -ENOENT: there is none for this user. -EPERM:
 * it is not ours alone. */
int oci_seccomp_open_cache(int *ret_fd);
