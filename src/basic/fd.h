/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/macro.h"

/* Closes @fd when it is one, keeping errno; always returns -EBADF, so that `fd = fd_close(fd)` leaves no
 * stale number. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        *fd = fd_close(*fd);
}

#define _cleanup_close_ _cleanup_(fd_closep)

/* Writes all of @n_bytes, across short writes and EINTR. Negative errno on failure; some bytes may be out by
 * then. */
int fd_write_all(int fd, const void *data, size_t n_bytes);

/* Reads until @n_bytes are there or the stream ends; returns how many were read. */
ssize_t fd_read_full(int fd, void *buf, size_t n_bytes);

/* A sealed, read-only, close-on-exec memfd that holds exactly @data; its offset is 0. */
int fd_new_sealed(const char *name, const void *data, size_t n_bytes, int *ret_fd);

/* Reads the whole of a regular file or memfd from offset 0, at most @max_bytes (-EFBIG beyond). *@ret is
 * NUL-terminated besides, *@ret_size excludes that. @ret_size may be NULL, then a NUL inside the data is
 * refused with -EBADMSG. */
int fd_read_file(int fd, size_t max_bytes, char **ret, size_t *ret_size);

/* Moves @fd to 3 or above, so that it cannot collide with stdio. Consumes @fd on success. */
int fd_move_above_stdio(int fd);

int fd_set_nonblock(int fd, bool nonblock);
int fd_set_cloexec(int fd, bool cloexec);
