/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* For a caller without privileges: this process enters a user namespace with the mappings of @spec (its own
 * user as root where there are none) or the one that @spec gives by path, and a mount namespace of that one,
 * and becomes its root. More ids than the caller's own are mapped by newuidmap(1) and newgidmap(1). The user
 * namespace of @spec then counts as made, so that what follows is done as by any root.
 *
 * To be called before runtime_prepare(), with one thread, by whoever is not root; 0: it was root already,
 * and nothing has changed. 1: entered. */
int rootless_enter(RuntimeSpec *spec, Failure *reterr);
