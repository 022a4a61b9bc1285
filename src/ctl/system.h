/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

/* Where there is no container called @name but a tree of that name in /var/lib/machines: makes one of it and
 * boots it, as 'machinectl start' would. 0 also where there is neither. */
int system_boot_tree(Ctl *c, const char *name, Failure *f);
