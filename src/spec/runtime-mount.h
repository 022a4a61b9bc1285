/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/id-map.h"
#include "spec/mount-option.h"

/* A mount of a runtime-spec document (OCI runtime-spec 1.2, config.md, "mounts"), with crun's option
 * tmpcopyup, and what an object called "creel" in it may ask for besides:
 *
 *     "subpath": S         mount only this path beneath the source, which no link in there leads out of
 *     "layers": [ S ]      an overlay of these layers of the store, from the base
 *     "lowers": [ S ]      an overlay of these directories of the host, from the base
 *     "upper": S, "work": S    directories of the host that take the overlay's changes
 *     "scratch": S         a name in the container's own directory that does so for one run
 *     "fill": B            an empty source gets what the image has in that place
 *     "chown": B           the source is given to the container's user, with everything in it
 *     "rootIdmap": B       the owner of the source is shown as the container's root
 *     "copyLink": B        a source that is a link becomes a link */

#define RUNTIME_MAPPINGS_MAX 340 /* what the kernel takes for a user namespace */

typedef IdMapping RuntimeIdMapping;

typedef struct RuntimeMount {
        char *destination; /* absolute, or what others than us write: runtime/tidy.h */
        char *type;        /* NULL for a bind mount */
        char *source;      /* of a bind mount: absolute, or relative to the bundle, which the caller knows */
        MountOptions options;
        RuntimeIdMapping *uid_mappings, *gid_mappings; /* of an idmapped mount; none: the container's */
        size_t n_uid_mappings, n_gid_mappings;
        bool uids_relative, gids_relative; /* until runtime_mount_resolve(): host ids are the container's */

        char *subpath, *upper, *work, *scratch;
        char **layers, **lowers;
        bool fill, chown, root_idmap, copy_link;
        bool source_no_follow, destination_no_follow; /* a link in the one or other place is meant itself */
} RuntimeMount;

void runtime_mount_done(RuntimeMount *m);

/* True for an overlay of what the members of "creel" name. */
bool runtime_mount_is_overlay(const RuntimeMount *m);

/* Reads one. -EBADMSG: *@reterr_key is what @reterr_text is about. -ENOMEM. */
int runtime_mount_parse(json_object *o, RuntimeMount *ret, const char **reterr_key,
                        const char **reterr_text);

/* Completes the mappings of crun's option "idmap=uids=...;gids=..." (spec/mount-mapping.h) by those of the
 * container: what is relative to them, and what was left out. -EINVAL: an id that the container does not
 * have. -ENOMEM. */
int runtime_mount_resolve(RuntimeMount *m, const RuntimeIdMapping *uids, size_t n_uids,
                          const RuntimeIdMapping *gids, size_t n_gids);

/* An array of { containerID, hostID, size }. Errors as above. */
int runtime_mappings_parse(json_object *array, RuntimeIdMapping **ret, size_t *ret_n,
                           const char **reterr_text);
