/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/mount-request.h"

/* What only the caller of a command knows about the sources of its mounts: relative paths are resolved
 * against
 * @directory, and a mount of type glob becomes one for each path that matches. Appends to *@ret one string
 * or several; a string that does not parse stays as it is, for the check of the field to refuse.
 * FAILURE_INVALID_ARGUMENT: nothing matches a pattern. */
int mount_source_complete(MountSyntax syntax, const char *text, const char *directory, char ***ret,
                          Failure *f);
