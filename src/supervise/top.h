/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The list of a container's processes, made in a process of its own: reading what a process says of itself
 * may wait for that process, and its words are not for creeld to take apart. It enters nothing of the
 * container and runs nothing of it. */

/* Answers one MESSAGE_TOP_START on the socket. */
int top_run(int socket_fd);

/* Copies @s as one line of valid UTF-8: what is no character, or controls a terminal, becomes "?". */
void top_clean_text(const char *s, char *buf, size_t size);
