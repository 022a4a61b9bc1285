/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/compile.h"
#include "spec/mount-request.h"

/* Which mounts a container has besides those that every one has: what its options ask for, what the
 * containers of volumes-from lend, and the image's own volumes. What comes first in that list wins a place.
 */
typedef struct MountPlan {
        MountRequest *requests; /* a volume without a source has got its made-up name */
        size_t n_requests;
} MountPlan;

void mount_plan_done(MountPlan *p);

/* FAILURE_INVALID_ARGUMENT: a string that does not parse, a destination twice. FAILURE_NO_SUCH_CONTAINER. */
int mount_plan_make(const CompileInput *in, MountPlan *ret, Failure *f);

/* Makes mounts of @spec's own of those that the containers of its volumes-from have now, and forgets these:
 * they may go. */
int mount_plan_freeze(Engine *e, ContainerSpec *spec, Failure *f);

/* True when the plan has a mount exactly there. */
bool mount_plan_has(const MountPlan *p, const char *destination);
/* True when @destination is, or lies in, something of somebody else's that is mounted. */
bool mount_plan_covers(const MountPlan *p, const char *destination);

/* True when the container itself asks for a mount of that image. */
bool mount_plan_names_image(const Container *c, const Image *image);

/* The name of the volume that has none of its own: 64 hexadecimal digits that tell containers and places
 * apart. */
void mount_plan_anonymous_name(const char *container_id, const char *destination,
                               char ret[static DIGEST_HEX_LENGTH + 1]);
