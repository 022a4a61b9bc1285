/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"

/* While a container runs, changes of its scope's limits, whoever makes them, are repeated where the
 * container reads them (basic/limit-mirror.h). Failure is logged. */
void limits_watch(Container *c);
void limits_forget(Container *c);
