/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/mount-request.h"

/* The way back from a bind, volume or image to a string that means the same: of --volume, or of --mount for
 * an image. -EINVAL: another kind. */
int mount_request_format(const MountRequest *m, MountSyntax *ret_syntax, char **ret);
