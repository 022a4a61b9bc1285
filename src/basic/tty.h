/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

/* The terminal of whoever called us, while a container has the use of it. */

/* Passes every byte on as it is typed and printed. @ret_saved gets what was before, for tty_restore().
 * -ENOTTY:
 * @fd is no terminal. */
int tty_make_raw(int fd, struct termios *ret_saved);
void tty_restore(int fd, const struct termios *saved);

/* The size of the terminal behind standard input or, when that is none, standard output or error; false:
 * there is none. */
bool tty_get_size(struct winsize *ret);
