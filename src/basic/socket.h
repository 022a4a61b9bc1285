/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sockets of the family AF_UNIX that others made and named to us. */

/* Connects to @path, which may be relative to the working directory, longer than an address can be, or begin
 * with "@" for one in the abstract namespace. @type: SOCK_STREAM, SOCK_DGRAM. */
int socket_connect(const char *path, int type, int *ret_fd);

/* Sends the descriptor @fd, with @text as the message, of which there is at least one byte. */
int socket_send_fd(int socket_fd, int fd, const char *text);
