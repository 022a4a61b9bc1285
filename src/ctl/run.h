/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/session.h"

/* start --attach: the container @name in the foreground, with what @options say but for the terminal, which
 * is the container's choice. Returns its exit status. */
int run_attached_start(Ctl *c, const char *name, const SessionOptions *options, Failure *f);
