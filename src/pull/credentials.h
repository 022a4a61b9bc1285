/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* auth.json, as docker and podman write it:
 *
 *     { "auths": { KEY: { "auth": base64("user:password") }, ... } }
 *
 * KEY is a registry or a part of it ("quay.io", "quay.io/team"), for Docker Hub also
 * "https://index.docker.io/v1/". */

#define CREDENTIALS_BYTES_MAX (1024 * 1024)

/* Looks up the entry for @registry and @repository, the most specific first. *@ret is "user:password" in
 * base64, as the Authorization header wants it, *@ret_user the name for messages. -ENOENT: no entry.
 * -EBADMSG: malformed. -EFBIG. */
int credentials_find(const char *data, size_t n_bytes, const char *registry, const char *repository,
                     char **ret, char **ret_user);
