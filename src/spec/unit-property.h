/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* Properties of a systemd unit, named and typed as org.freedesktop.systemd1(5) has them. A number of
 * UINT64_MAX is "infinity". */

typedef enum UnitPropertyKind {
        UNIT_PROPERTY_BOOLEAN, /* b, from number */
        UNIT_PROPERTY_NUMBER,  /* t */
        UNIT_PROPERTY_STRING,  /* s */
        UNIT_PROPERTY_BITMAP,  /* ay: a bit per number, from the lowest of the first byte */
        UNIT_PROPERTY_DEVICES, /* a(st) */
        UNIT_PROPERTY_VARIANT, /* anything, from string (spec/variant.h) */
        _UNIT_PROPERTY_KIND_MAX,
} UnitPropertyKind;

typedef struct UnitPropertyDevice {
        char *path;
        uint64_t value;
} UnitPropertyDevice;

typedef struct UnitProperty {
        const char *name; /* never freed */
        UnitPropertyKind kind;
        uint64_t number;
        char *string;
        uint8_t *bitmap;
        size_t bitmap_size;
        UnitPropertyDevice *devices;
        size_t n_devices, n_devices_allocated;
} UnitProperty;

typedef struct UnitProperties {
        UnitProperty *items;
        size_t n, n_allocated;
} UnitProperties;

void unit_properties_done(UnitProperties *p);
int unit_properties_copy(const UnitProperties *p, UnitProperties *ret);
const UnitProperty *unit_properties_find(const UnitProperties *p, const char *name);

/* Each appends a property; @name must outlive the list. -EEXIST: it is there already. */
int unit_properties_add_boolean(UnitProperties *p, const char *name, bool value);
int unit_properties_add_number(UnitProperties *p, const char *name, uint64_t value);
int unit_properties_add_string(UnitProperties *p, const char *name, const char *value);
int unit_properties_add_variant(UnitProperties *p, const char *name, const char *text);
int unit_properties_add_set(UnitProperties *p, const char *name, const cpu_set_t *set);
/* Adds to a list that is there; a device that is in it gets the new value. */
int unit_properties_add_device(UnitProperties *p, const char *name, const char *path, uint64_t value);

/* Copies what @new says otherwise than @old, or says alone. */
int unit_properties_difference(const UnitProperties *old, const UnitProperties *new, UnitProperties *ret);

/* Reads "NAME=VALUE" as a unit file has it, of those that bound or describe a container and give it nothing
 * (systemd.resource-control(5)), and adds it. -EEXIST: that property is there already. With -EINVAL
 * *@reterr_hint says what would be right. */
int unit_properties_parse(UnitProperties *p, const char *assignment, const char **reterr_hint);
