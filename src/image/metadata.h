/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "image/tar.h"

/* Owner, mode, extended attributes and times of what a member has become. */

#define METADATA_ID_MAX 65535 /* what fits a container's range of ids */

typedef enum MetadataFlags {
        METADATA_FRESH = 1 << 0,    /* just made by us: root:root and with the mode asked for, unless ... */
        METADATA_INHERITS = 1 << 1, /* ... the directory hands its group or access lists down */
} MetadataFlags;

/* FAILURE_LIMITS_EXCEEDED: an owner beyond METADATA_ID_MAX. */
int metadata_check(const TarEntry *e, Failure *reterr);

/* For an open regular file or directory. The order matters: a change of owner takes set-id bits and
 * capabilities away. */
int metadata_apply_fd(int fd, const TarEntry *e, MetadataFlags flags, Failure *reterr);
/* For links, devices and fifos, which are not opened. Changes the working directory where there are
 * attributes to set. */
int metadata_apply_at(int dirfd, const char *name, const TarEntry *e, MetadataFlags flags, Failure *reterr);

/* True when applying @e needs an open file. */
bool metadata_needs_fd(const TarEntry *e);
bool metadata_has_default_acl(const TarEntry *e);
