/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"

/* A new pair of the devpts instance that is mounted at @devpts_fd. The peer comes from the master
 * (TIOCGPTPEER), never from a name; it is given to @uid. Width and height may be 0. */
int terminal_open(int devpts_fd, uid_t uid, uint64_t width, uint64_t height, int *ret_master, int *ret_peer,
                  Failure *reterr);

/* What is printed passes unchanged: its reader is no terminal. */
int terminal_set_plain(int master_fd);

/* Mounts the peer on /dev/console beneath @root_fd. */
int terminal_bind_console(int peer_fd, int root_fd, Failure *reterr);

/* Makes the peer the controlling terminal of this session and its standard streams. */
int terminal_take(int peer_fd);
