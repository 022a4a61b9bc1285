/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

typedef struct Engine Engine;

/* Begins the wait of basic/migration.h, which PID 1 would have for every scope and a start for most of its
 * time, at once. Does nothing while the last one is under way, or where it cannot. */
void migration_announce(Engine *e);
