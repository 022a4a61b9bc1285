/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/object.h"
#include "ctl/session.h"

/* start --attach: the container @name in the foreground, with what @options say but for the terminal, which
 * is the container's choice. Returns its exit status. */
int run_attached_start(Ctl *c, const char *name, const SessionOptions *options, Failure *f);

/* The same for one that runs: joins in with what it is doing. Returns its exit status, or 0 after the detach
 * keys. */
int run_attach(Ctl *c, const char *path, const ContainerInfo *info, const SessionOptions *options,
               Failure *f);
