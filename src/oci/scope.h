/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "oci/assist.h"
#include "spec/runtime-spec.h"

/* The scope of a container under --systemd-cgroup: what is asked of creel-assist, and of systemd through
 * it. */

/* Asks for a scope around @pid; oci_scope_wait() has the outcome. */
int oci_scope_request(OciAssist *a, const char *unit, const char *slice, const RuntimeSpec *spec, pid_t pid,
                      int pidfd, Failure *reterr);
int oci_scope_wait(OciAssist *a, Failure *reterr);

/* Is everything valid that a request would say? */
int oci_scope_check(const RuntimeSpec *spec, Failure *reterr);

/* Changes limits, in systemd's books and in the cgroup. */
int oci_scope_update(const char *unit, const RuntimeResources *res, Failure *reterr);

/* Returns when systemd has forgotten the unit, whose cgroup is gone. It does so by itself as soon as it
 * notices, but for one that failed: that is told to. */
int oci_scope_forget(const char *unit, bool user_manager, Failure *reterr);
