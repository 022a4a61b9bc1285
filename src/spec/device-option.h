/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/macro.h"

/* The option --device: HOST[:CONTAINER][:PERMISSIONS], a device or a directory of them and where it is
 * inside (default: the same path), with letters of "rwm" (default: all); or a name of the Container Device
 * Interface, VENDOR/CLASS=NAME. */
typedef struct DeviceOption {
        char *host, *container; /* absolute paths */
        char permissions[4];
        bool cdi; /* host is a name, and the rest says nothing */
} DeviceOption;

void device_option_done(DeviceOption *o);
#define _cleanup_device_option_ _cleanup_(device_option_done)

int device_option_parse(const char *s, DeviceOption *ret, const char **reterr_hint);

/* Letters of "rwm", each at most once, at least one. */
bool device_permissions_valid(const char *s);
/* VENDOR/CLASS=NAME, as the Container Device Interface 1.0 wants each part. */
bool cdi_name_is_valid(const char *s);

/* The option --device-cgroup-rule: "TYPE MAJOR:MINOR PERMISSIONS" with type a, b or c and numbers or '*'. */
typedef struct DeviceRule {
        char type; /* 'a', 'b', 'c' */
        bool any_major, any_minor;
        uint32_t major, minor;
        char permissions[4];
} DeviceRule;

int device_rule_parse(const char *s, DeviceRule *ret, const char **reterr_hint);
