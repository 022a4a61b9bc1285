/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/oci.h"

/* Removes a container with everything it has: what of its processes is left, its cgroup, its state. @force:
 * whatever it is doing, and whether it exists or not. @linger: see oci_cgroup_remove(). */
int oci_delete(const Oci *oci, const char *id, bool force, bool linger, Failure *f);
