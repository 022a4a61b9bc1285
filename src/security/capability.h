/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Capabilities by name and as sets: bit N of a set is capability N of linux/capability.h. */

#define CAPABILITY_BIT(capability) (UINT64_C(1) << (capability))

/* "CAP_KILL" and back; from_string also takes "KILL" and lower case, as podman does. -EINVAL for an unknown
 * word. */
const char *capability_to_string(unsigned capability);
int capability_from_string(const char *name);

/* -EINVAL with *@reterr_name set to the first name that is unknown. */
int capability_set_parse(char *const *names, uint64_t *ret, const char **reterr_name);

/* The highest number that the running kernel knows. */
unsigned capability_last(void);

/* The running kernel's capabilities as a set. */
uint64_t capability_all(void);

/* The bounding set of this process. */
uint64_t capability_bounding(void);
/* Drops everything from the bounding set of this process that is not in @keep. Errors as prctl(2). */
int capability_bound(uint64_t keep);
/* capset(2). */
int capability_apply(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/* Sets exactly @ambient as the ambient set. */
int capability_apply_ambient(uint64_t ambient);
