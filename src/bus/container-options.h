/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "basic/failure.h"
#include "spec/container-spec.h"

/* A ContainerSpec as the a{sv} of org.creel1: one entry per field that is set, its key and type as
 * container_spec_fields has them (creel-container-options(7)). */

/* Appends the set fields of @spec as entries of the array a{sv} that is open in @m. Errors as sd-bus has
 * them. */
int container_options_append(sd_bus_message *m, const ContainerSpec *spec);

/* Reads the variant behind @key, at which @m stands (the dict entry is entered, the key read), into @spec.
 * FAILURE_INVALID_ARGUMENT naming the key: unknown, of another type, given twice, or refused by the field's
 * own check. -EBADMSG: a broken message. */
int container_options_read_entry(sd_bus_message *m, const char *key, ContainerSpec *spec, Failure *f);

/* The D-Bus type of a field of @kind: "s", "as", "a{ss}", "b", "t", "x" or "d". */
const char *container_options_type(SpecKind kind);
