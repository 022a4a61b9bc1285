/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <systemd/sd-event.h>

#include "basic/macro.h"

/* Joins the caller's terminal with the master side of a container's pty: raw mode, window size, copying both
 * ways, detach keys. */
typedef struct Terminal Terminal;

/* ctrl-p ctrl-q, as in docker and podman. */
#define TERMINAL_DETACH_KEYS "\x10\x11"

/* @interactive: standard input is read. @detach is called once, when the detach keys were typed. */
int terminal_new(sd_event *event, bool interactive, void (*detach)(void *userdata), void *userdata,
                 Terminal **ret);
/* Copies what is left and gives the terminal back as it was. */
Terminal *terminal_free(Terminal *t);
DEFINE_CLEANUP(Terminal, terminal_free)

/* Takes over the master; copying starts. */
int terminal_attach(Terminal *t, int master_fd);
/* The size of the caller's terminal; false where there is none. */
bool terminal_get_size(struct winsize *ret);
/* Passes the caller's window size on. */
void terminal_resize(Terminal *t);
/* Raw mode again after a stop and continue. */
void terminal_resume(Terminal *t);

/* Finds the detach keys in what is typed. @n_matched is the state between calls, 0 at first. Copies what is
 * to be passed on to
 * @out, which has room for @n + strlen(@keys), and returns its size; *@ret_detach is true where the keys are
 * complete. */
size_t terminal_filter_keys(const char *keys, size_t *n_matched, const char *data, size_t n, char *out,
                            bool *ret_detach);
