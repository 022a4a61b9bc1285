/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"

/* One mount as somebody asked for it, whatever the spelling:
 *
 *     volume         [SOURCE:]DESTINATION[:OPTION,...]       podman's -v; "\:" is a colon of a path
 *     mount          type=TYPE,KEY[=VALUE],...               podman's --mount; a field may stand in "quotes"
 *     tmpfs          DESTINATION[:OPTION,...]
 *     bind, bind-ro  SOURCE[:DESTINATION[:OPTION,...]]       systemd-nspawn's
 *     inaccessible   DESTINATION
 *     overlay        LOWER[:LOWER...]:UPPER:DESTINATION, or UPPER-AND-DESTINATION behind one lower
 *     overlay-ro     LOWER[:LOWER...]:DESTINATION */

#define MOUNT_REQUEST_BYTES_MAX 65536
#define MOUNT_MAPPINGS_MAX 340
#define MOUNT_HINT_MAX 320

typedef enum MountSyntax {
        MOUNT_SYNTAX_VOLUME,
        MOUNT_SYNTAX_MOUNT,
        MOUNT_SYNTAX_TMPFS,
        MOUNT_SYNTAX_BIND,
        MOUNT_SYNTAX_BIND_RO,
        MOUNT_SYNTAX_INACCESSIBLE,
        MOUNT_SYNTAX_OVERLAY,
        MOUNT_SYNTAX_OVERLAY_RO,
        _MOUNT_SYNTAX_MAX,
} MountSyntax;

typedef enum MountKind {
        MOUNT_KIND_BIND,
        MOUNT_KIND_GLOB, /* binds, one for each path that matches */
        MOUNT_KIND_VOLUME,
        MOUNT_KIND_TMPFS,
        MOUNT_KIND_RAMFS,
        MOUNT_KIND_DEVPTS,
        MOUNT_KIND_IMAGE,
        MOUNT_KIND_OVERLAY,
        MOUNT_KIND_INACCESSIBLE,
        _MOUNT_KIND_MAX,
} MountKind;

typedef enum MountIdmap {
        MOUNT_IDMAP_NONE,
        MOUNT_IDMAP_USERNS, /* as the container's user namespace, and as the mappings say where there are any
                             */
        MOUNT_IDMAP_ROOT,   /* the owner of the source is the container's root */
} MountIdmap;

/* @size ids from @backing on in the file system are shown as those from @host on. @relative: @host is an id
 * inside of the container. */
typedef struct MountMapping {
        uint32_t backing, host, size;
        bool relative;
} MountMapping;

typedef struct MountRequest {
        MountKind kind;
        char *source;       /* path, volume (NULL: an anonymous one), image or pattern, as the kind has it */
        char *destination;  /* absolute, without "." and "..", not "/"; NULL: of a glob, where its files lie
                             */
        char *subpath;      /* beneath the source, relative */
        char **lowers;      /* of an overlay, from the base, absolute paths */
        char *upper, *work; /* of an overlay; NULL: changes go with the container's run */
        char **options;     /* words of a mount in the runtime specification */
        MountIdmap idmap;
        bool recursive_idmap;
        MountMapping *uids, *gids;
        size_t n_uids, n_gids;
        bool writable;       /* of an image or overlay: changes are possible */
        bool chown;          /* the source is given to the container's user */
        bool no_copy;        /* nothing is copied from the image into the empty volume or tmpfs */
        bool no_dereference; /* a link is mounted as a link */
} MountRequest;

void mount_request_done(MountRequest *m);

/* Reads one string. -EINVAL: @reterr_hint says what is wrong or what must be. -ENOMEM. */
int mount_request_parse(MountSyntax syntax, const char *text, MountRequest *ret,
                        char reterr_hint[static MOUNT_HINT_MAX]);

const char *mount_kind_to_string(MountKind kind);
int mount_kind_from_string(const char *s);

/* The name of a volume: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255 bytes. */
bool volume_name_is_valid(const char *s);

/* Without "//", "." and ".."; "/" in front. -EINVAL: not absolute. */
int mount_path_clean(const char *path, char **ret);
