/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* What an idmapped mount shows the ids of its file system as. */

/* The user namespace for the mapping of @m, whose source is @source_fd, in a container of @spec whose own
 * one is
 * @userns_fd. *@ret_fd is -EBADF where nothing is to be mapped. */
int idmap_open(const RuntimeSpec *spec, const RuntimeMount *m, int source_fd, int userns_fd, int *ret_fd,
               Failure *reterr);

/* The id that a file must have on disk to be shown as the container's @uid and @gid through @m. (uid_t) -1:
 * there is none. */
void idmap_ids_on_disk(const RuntimeSpec *spec, const RuntimeMount *m, uint32_t uid, uint32_t gid,
                       uint32_t *ret_uid, uint32_t *ret_gid);
