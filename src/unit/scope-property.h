/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "unit/scope.h"

/* A ScopeSpec as the a(sv) of org.freedesktop.systemd1.Manager.StartTransientUnit. */

/* Deep copy: strings are copied, the pidfd is duplicated. */
int scope_spec_copy(const ScopeSpec *spec, ScopeSpec **ret);
ScopeSpec *scope_spec_free(ScopeSpec *spec);
DEFINE_CLEANUP(ScopeSpec, scope_spec_free)

/* Appends @properties as a(sv). @replace: lists take the place of those that the unit has. */
int scope_append_unit_properties(sd_bus_message *m, const UnitProperties *properties, bool replace);

/* Appends the array. Properties that @version does not know are left out; @use_pidfd asks for PIDFDs=
 * instead of PIDs=. */
int scope_append_properties(sd_bus_message *m, const ScopeSpec *spec, unsigned version, bool use_pidfd);
