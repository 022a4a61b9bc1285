/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/container-spec.h"

/* Reads the file that --security-opt seccomp=FILE names into the specification: creeld reads none for its
 * callers. */
int profile_read(ContainerSpec *spec, Failure *f);
