/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* A container's limits as properties of its scope, "Name=value" with the value as spec/variant.h has it, so
 * that `systemctl show` tells what holds and a daemon-reload leaves it. What systemd has no property for is
 * in the cgroup's files alone. */

int oci_scope_resources(const RuntimeResources *res, char ***ret, Failure *reterr);

/* Annotations org.systemd.property.NAME, which are properties as they stand; NAMESec in seconds becomes
 * NAMEUSec. Configuration: a value that is none. */
int oci_scope_annotations(char *const *annotations, char ***ret, Failure *reterr);
