/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What a payload says by sd_notify(3): a datagram socket in the container's runtime directory, which is
 * bound into the container. Who can reach it is the container, and root on the host. */

#define NOTIFY_BYTES_MAX 4096

/* Whose messages are taken (FIELD_NOTIFY_FROM). */
typedef enum NotifyFrom {
        NOTIFY_NONE,
        NOTIFY_ANY,   /* any process of the container */
        NOTIFY_FIRST, /* only the first process: systemd.io, CONTAINER_INTERFACE */
} NotifyFrom;

/* Makes the socket @name in the directory @dir_fd. */
int notify_open(int dir_fd, const char *name, int *ret_fd);

/* Reads one message without blocking: 1 with the lines that are worth passing on in @ret, 0 when there are
 * none. Descriptors that came with it are closed, which answers a BARRIER=1. */
int notify_receive(int fd, NotifyFrom from, pid_t leader, char ret[static NOTIFY_BYTES_MAX]);

/* Copies the lines of @text that are passed on, each with a newline behind it; returns how many bytes. A
 * text of NOTIFY_BYTES_MAX - 1 bytes or more has none. */
size_t notify_filter(const char *text, char ret[static NOTIFY_BYTES_MAX]);

/* Brings @state, assignments of what holds until something else is said, up to date with @text. */
int notify_remember(char ***state, const char *text);
