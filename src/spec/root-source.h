/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/macro.h"

/* A root that is no image.
 *
 *     rootfs    = path [ ":" option *( "," option ) ]      podman's --rootfs
 *     option    = "O" / "idmap" / "ro" / "rw"
 *     directory = path / name                               systemd-nspawn's -D and --template
 *
 * A path is absolute. A name is that of a tree in one of the directories of machines. */

typedef struct RootSource {
        char *path;   /* absolute, or a name */
        bool overlay; /* O: the tree stays as it is, writes go over it */
        bool idmap;   /* was asked for; it is what happens where the tree needs it anyway */
        bool read_only;
} RootSource;

void root_source_done(RootSource *s);

/* -EINVAL with a hint "must be ...". */
int root_source_parse_rootfs(const char *text, RootSource *ret, const char **reterr_hint);
int root_source_parse_directory(const char *text, RootSource *ret, const char **reterr_hint);

/* The directories in which a tree's name is looked up, in this order; ends with NULL. */
extern const char *const root_source_search_path[];
