/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

typedef enum FileFlags {
        FILE_SYNC = 1 << 0,      /* durable before this returns: fsync of the file, then of its directory */
        FILE_EXCLUSIVE = 1 << 1, /* -EEXIST when the name is there already */
} FileFlags;

/* Writes @data to @name beneath @dirfd by a temporary name and a rename: readers see the old content or the
 * new, never a part. */
int file_write_atomic(int dirfd, const char *name, const void *data, size_t n_bytes, mode_t mode,
                      FileFlags flags);

/* Reads a whole regular file of our own, links not followed, at most @max_bytes (-EFBIG). NUL-terminated;
 * @ret_size may be NULL. */
int file_read(int dirfd, const char *name, size_t max_bytes, char **ret, size_t *ret_size);

/* Files of the kernel (procfs, cgroupfs, sysfs) say that they are empty: these are read until there is no
 * more, at most FILE_VIRTUAL_BYTES_MAX - 1 bytes, a link at the end not followed. NUL-terminated. */
#define FILE_VIRTUAL_BYTES_MAX (256 * 1024)
int file_read_virtual(int dirfd, const char *path, char **ret);

/* The cgroup of version 2 that a /proc/PID/cgroup at @path names ("/machine.slice/..."). -ENXIO: none. */
int file_read_cgroup(int dirfd, const char *path, char **ret);
