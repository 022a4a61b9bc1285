/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "basic/macro.h"
#include "ctl/detach-keys.h"

/* Joins the caller's terminal with the master side of a container's pty: raw mode, window size, copying both
 * ways, detach keys. */
typedef struct Terminal Terminal;

/* @interactive: standard input is read. @detach is called once, when the detach keys @keys were typed. */
int terminal_new(sd_event *event, bool interactive, const DetachKeys *keys, void (*detach)(void *userdata),
                 void *userdata, Terminal **ret);
/* Copies what is left and gives the terminal back as it was. */
Terminal *terminal_free(Terminal *t);
DEFINE_CLEANUP(Terminal, terminal_free)

/* Takes over the master; copying starts. */
int terminal_attach(Terminal *t, int master_fd);
/* Passes the caller's window size on. */
void terminal_resize(Terminal *t);
/* Raw mode again after a stop and continue. */
void terminal_resume(Terminal *t);
