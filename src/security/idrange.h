/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"
#include "spec/id-map.h"

/* The user and group ids of containers: each has a range of its own, the same for both kinds. systemd keeps
 * this stretch for containers (systemd.io, "Users, Groups, UIDs and GIDs on systemd Systems"). */

#define IDRANGE_SIZE UINT32_C(0x10000)
#define IDRANGE_BASE_MIN UINT32_C(0x80000)
#define IDRANGE_BASE_MAX UINT32_C(0x6FFF0000)
#define IDRANGE_COUNT ((IDRANGE_BASE_MAX - IDRANGE_BASE_MIN) / IDRANGE_SIZE + 1)

/* What subuid(5) and subgid(5) have given to users of this host. */
typedef struct IdReserved IdReserved;

/* Reads "subuid" and "subgid" beneath @etc_dirfd once. Absent files reserve nothing; lines that are not
 * NAME:START:COUNT are passed over, as by newuidmap. */
int idreserved_load(int etc_dirfd, IdReserved **ret);
IdReserved *idreserved_free(IdReserved *reserved);
/* Whether any of @count ids from @start is reserved. @reserved may be NULL. */
bool idreserved_collides(const IdReserved *reserved, uint64_t start, uint64_t count);

/* All that the file "subuid" or "subgid" @file gives @name, from id 0 inside on. -ENOENT: nothing. */
int idreserved_map(int etc_dirfd, const char *file, const char *name, IdMap *ret);

/* A multiple of IDRANGE_SIZE between IDRANGE_BASE_MIN and IDRANGE_BASE_MAX? */
bool idrange_is_valid(uint32_t base);

typedef bool (*IdRangeTaken)(uint32_t base, uint32_t count, void *userdata);

/* Picks the range of @count ids, a multiple of IDRANGE_SIZE, for the container @name: the same name gets the
 * same range for as long as that is free, and the next free one after it otherwise. @taken says which ids
 * other containers hold. -EUSERS with FAILURE_LIMITS_EXCEEDED: none is left. */
int idrange_pick(const char *name, uint32_t count, const IdReserved *reserved, IdRangeTaken taken,
                 void *userdata, uint32_t *ret_base, Failure *f);

DEFINE_CLEANUP(IdReserved, idreserved_free)
