/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* A resource limit, as an option has it:
 *
 *     ulimit = name "=" value [ ":" value ]
 *     name   = "nofile" | "RLIMIT_NOFILE" | ... in either case
 *     value  = number | "-1" | "unlimited" | "infinity"
 *
 * One value is both the soft and the hard limit. */
typedef struct Ulimit {
        const char *name;    /* "RLIMIT_NOFILE" */
        uint64_t soft, hard; /* UINT64_MAX: none */
} Ulimit;

/* "As those of the caller". */
#define ULIMIT_HOST "host"

/* -EINVAL: not that, or a soft limit above the hard one. */
int ulimit_parse(const char *text, Ulimit *ret);

/* The names of all limits, by number: "RLIMIT_NOFILE" is RLIMIT_NOFILE. NULL and -EINVAL where there is
 * none. */
const char *ulimit_name(int resource);
int ulimit_resource(const char *name);
