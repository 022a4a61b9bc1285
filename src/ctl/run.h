/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/ctl.h"

/* start --attach: the container @name in the foreground. Returns its exit status. */
int run_attached_start(Ctl *c, const char *name, bool interactive, bool sig_proxy, Failure *f);
