/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/id-map.h"

/* The option --userns:
 *
 *     auto[:size=N,uidmapping=INSIDE:OUTSIDE[:COUNT],gidmapping=...]   a range of the container's own
 *     keep-id[:uid=N,gid=N,size=N]     the same, with the caller's own ids among them
 *     nomap, private                   as auto
 *     host, or nothing                 none
 *     container:NAME, ns:PATH          one that exists
 *
 * Behind keep-id there may be host-uid=N and host-gid=N: the ids outside, which creeld adds when it knows
 * its caller. */

#define USERNS_SIZE_DEFAULT UINT32_C(65536)
#define USERNS_SIZE_MAX (UINT32_C(65536) * 256)

typedef enum UsernsKind {
        USERNS_AUTO,
        USERNS_HOST,
        USERNS_KEEP_ID,
        USERNS_NOMAP,
        USERNS_PRIVATE,
        USERNS_CONTAINER,
        USERNS_PATH,
        _USERNS_KIND_MAX,
} UsernsKind;

#define USERNS_ID_NONE UINT32_MAX

typedef struct Userns {
        UsernsKind kind;
        const char *target; /* a container, or a path: the rest of the parsed string */
        uint32_t size;
        IdMap uids, gids;                      /* what is mapped besides */
        uint32_t uid, gid, host_uid, host_gid; /* keep-id; USERNS_ID_NONE: not said */
} Userns;

void userns_done(Userns *u);
#define _cleanup_userns_ _cleanup_(userns_done)

/* -EINVAL with a hint. NULL is auto. */
int userns_parse(const char *s, Userns *ret, const char **reterr_hint);
