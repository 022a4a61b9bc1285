/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"

/* Where linux.cgroupsPath puts a container (OCI runtime-spec 1.2, config-linux.md, "Cgroups Path"). */

/* For cgroupfs: the path from the hierarchy's root.
 *
 *     absolute path    that
 *     relative path    beneath the root; for users, who may not do that, beside our own cgroup
 *     NULL or empty    the same with the container's id
 *
 * Components "." and ".." are refused. */
int oci_cgroup_place_path(const char *cgroups_path, const char *id, bool rootless, char **ret,
                          Failure *reterr);

/* For systemd: the scope and its slice.
 *
 *     [slice] ":" [prefix] ":" name
 *
 * is [prefix "-"] name ".scope" in that slice, system.slice for root and user.slice for users where it is
 * empty. NULL or empty: ":creel:" id. What a unit's name may not have is escaped as systemd does. */
int oci_cgroup_place_unit(const char *cgroups_path, const char *id, bool rootless, char **ret_unit,
                          char **ret_slice, Failure *reterr);

/* A relative path beneath a cgroup, as the annotations run.oci.systemd.subgroup and run.oci.delegate-cgroup
 * have it. */
bool oci_cgroup_subgroup_is_valid(const char *s);
