/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"

/* Which ids inside a user namespace are which outside (user_namespaces(7)). As text a mapping is
 *
 *     INSIDE:OUTSIDE[:COUNT]        decimal, COUNT 1 where it is left out */

#define ID_MAP_MAX 340 /* lines that the kernel takes in uid_map */

typedef struct IdMapping {
        uint32_t container_id, host_id, size;
} IdMapping;

typedef struct IdMap {
        IdMapping *mappings; /* in the order of container_id */
        size_t n;
} IdMap;

void id_map_done(IdMap *m);
#define _cleanup_id_map_ _cleanup_(id_map_done)

/* -EINVAL: not of that form, empty, or beyond the last id. */
int id_mapping_parse(const char *s, IdMapping *ret);

/* -EEXIST: an id, inside or outside, is mapped already. -E2BIG: ID_MAP_MAX. */
int id_map_add(IdMap *m, const IdMapping *mapping);
/* Maps what of the ids 0 to @size-1 inside has no mapping yet: each to @base plus itself. */
int id_map_fill(IdMap *m, uint32_t base, uint32_t size);
int id_map_copy(const IdMap *m, IdMap *ret);
bool id_map_equal(const IdMap *a, const IdMap *b);

/* The id outside for one inside; the id itself where the map is empty, UINT32_MAX where none fits. */
uint32_t id_map_host_id(const IdMap *m, uint32_t id);
/* Whether any of the @size ids from @base outside is mapped. */
bool id_map_uses(const IdMap *m, uint64_t base, uint64_t size);

/* As a vector of texts and back. -EINVAL, -EEXIST. */
int id_map_format(const IdMap *m, char ***ret);
int id_map_parse(char *const *texts, IdMap *ret);

/* An option --uidmap or --gidmap as podman spells it, "[FLAGS]INSIDE:OUTSIDE[:COUNT]": '+' lays the mapping
 * over the container's own range instead of making it the whole map, 'u' and 'g' keep it to users or groups.
 * '@', an id of the user's intermediate namespace, only means something without root. */
typedef struct IdMapOption {
        IdMapping mapping;
        bool extend, only_users, only_groups;
} IdMapOption;

int id_map_option_parse(const char *s, IdMapOption *ret, const char **reterr_hint);
