/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/tar.h"

/* The body of a pax extended header. POSIX.1-2017, pax, "pax Extended Header"; xattrs as star and libarchive
 * write them; sparse maps as GNU tar does (manual, "PAX Format, Versions 0.0, 0.1 and 1.0").
 *
 *     body   = record*
 *     record = length:decimal " " key "=" value "\n"
 *
 * The length counts the whole record; an empty value takes a former one back. */

typedef struct Pax {
        char *path, *link;
        bool has_uid, has_gid, has_size, has_mtime;
        uint64_t uid, gid, size;
        struct timespec mtime;

        TarXattr *xattrs;
        size_t n_xattrs, n_xattrs_allocated;

        char *sparse_name;
        bool sparse_map_in_body; /* version 1.0 */
        bool has_sparse_size, has_extents;
        uint64_t sparse_major, sparse_minor, sparse_size;
        TarExtent *extents;
        size_t n_extents, n_extents_allocated;
        bool extent_is_open; /* version 0.0: the offset is here, the length comes next */
} Pax;

void pax_done(Pax *p);

/* Adds the records of @data to *@p. FAILURE_REGISTRY: malformed. */
int pax_parse(const char *data, size_t n_bytes, Pax *p, Failure *reterr);
