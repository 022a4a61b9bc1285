/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* A new time namespace with the document's offsets, where it asks for one: children of this process are born
 * into it until namespace_return() (runtime/namespace.h) with *@ret_own_fd, which is this process's own.
 * Offsets can only be set while nobody is in there. 0: none is asked for. */
int time_namespace_make(const RuntimeSpec *spec, int *ret_own_fd, Failure *reterr);
