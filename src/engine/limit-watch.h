/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"

/* While a container runs, processes that the OOM killer takes are told of as they go, and changes of its
 * scope's limits, whoever makes them, are repeated where the container reads them (basic/limit-mirror.h).
 * Failure is logged. */
void limits_watch(Container *c);
void limits_forget(Container *c);

/* The OOM killer has hit in the container, which is told once: here, when nobody has told it yet, and by the
 * watch for each further time. */
void limits_tell_oom(Container *c);
