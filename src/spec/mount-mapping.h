/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/mount-request.h"

/* The mappings of an idmapped mount, as podman writes them:
 *
 *     mappings = list (";" list)*        list = ("uids=" | "gids=") triple ("#" triple)*
 *     triple   = ["@"] backing "-" host "-" size
 *
 * Each list at most once, at most MOUNT_MAPPINGS_MAX triples. Fills in @m->uids and @m->gids. -EINVAL. */
int mount_mapping_parse(const char *text, MountRequest *m);
/* The same the other way round; *@ret is NULL where @m has no mappings. */
int mount_mapping_format(const MountRequest *m, char **ret);
