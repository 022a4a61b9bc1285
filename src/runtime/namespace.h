/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec/runtime-spec.h"

/* The flags of clone(2) for the namespaces that the payload is born into. The cgroup namespace is not among
 * them: it can only be made once the payload is where its root shall be. */
uint64_t namespace_clone_flags(const RuntimeSpec *spec);

/* True when the specification asks for a new namespace, not for one that exists. */
bool namespace_is_new(const RuntimeSpec *spec, RuntimeNamespaceType type);

/* Enters the existing namespaces that the specification names, so that children are born into them. */
int namespace_join(const RuntimeSpec *spec, Failure *reterr);

/* Writes the mappings of the user namespace that @pid was born into. */
int namespace_map(pid_t pid, const RuntimeSpec *spec, Failure *reterr);

/* The id outside for one inside; the id itself where there are no mappings, (uint32_t) -1 where none fits.
 */
uint32_t namespace_host_id(const RuntimeIdMapping *mappings, size_t n_mappings, uint32_t id);
