/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "engine/compile.h"
#include "spec/mount-request.h"

/* One mount that was asked for as an entry of the document's "mounts". @index tells the container's mounts
 * apart. FAILURE_INVALID_ARGUMENT: it does not go together with the rest. FAILURE_NO_SUCH_IMAGE. */
int compile_mount_request(const CompileInput *in, const MountRequest *m, size_t index, json_object **ret,
                          Failure *f);
