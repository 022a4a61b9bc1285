/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/container-spec.h"
#include "spec/unit-property.h"

#define TASKS_MAX_DEFAULT 2048

/* The properties of the container's scope that bound it. A limit that was given, even as "none", is there.
 * FAILURE_INVALID_ARGUMENT: options that do not go together, that this host cannot honour, or that cgroup
 * version 2 does not have. */
int compile_unit(const ContainerSpec *spec, UnitProperties *ret, Failure *f);
