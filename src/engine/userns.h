/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/userns.h"

/* Which user namespace a container has, and which ids are in it. */

/* What the caller of a creation is called on the host, for keep-id. */
typedef struct UsernsCaller {
        uid_t uid;
        gid_t gid;
} UsernsCaller;

/* The caller @uid with its group from the file "passwd" beneath @etc_dirfd; a group of the same number where
 * that says nothing. */
UsernsCaller userns_caller(int etc_dirfd, uid_t uid);

/* Writes into a specification what is only known when the container is made: names of other containers
 * become their ids, keep-id gets the ids of @caller, and a container that lends a namespace lends its user
 * namespace too unless another was asked for. Idempotent. */
int userns_settle(Engine *e, ContainerSpec *spec, const UsernsCaller *caller, Failure *f);

/* The mode of a settled specification: what was said, else host for privileged containers, else auto. */
int userns_of(const ContainerSpec *spec, Userns *ret);
/* Has the container a user namespace, of its own or another's? */
bool userns_is_used(const ContainerRecord *record);

/* Fills in uid_base, uid_count, uid_map and gid_map of the record, whose name (or the spec's) and spec are
 * set. */
int userns_allocate(Engine *e, ContainerRecord *record, Failure *f);
