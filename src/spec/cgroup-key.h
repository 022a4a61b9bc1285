/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Interface files of cgroup v2, as podman's --cgroup-conf and the runtime specification's
 * linux.resources.unified name them:
 *
 *     pair = controller "." 1*( lower-case letter | digit | "_" | "." | "B" ) "=" value
 *
 * Those of the core ("cgroup.*") are not ours to give away. */

#define CGROUP_KEY_BYTES_MAX 128u
#define CGROUP_VALUE_BYTES_MAX 1024u

/* Splits at the first "=". -EINVAL: not a pair, or a key that is refused. */
int cgroup_key_parse(const char *pair, char **ret_key, const char **ret_value);

/* How many bytes of @key are the name of the controller. */
size_t cgroup_key_controller(const char *key);
