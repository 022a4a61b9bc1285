/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"

/* Finds out whether the kernel has AppArmor and the profile of containers is loaded (e->apparmor). Where it
 * is not, but could be, apparmor_parser is started to load it, and nobody waits for that: containers that
 * start meanwhile run without. */
void engine_begin_apparmor(Engine *e);
