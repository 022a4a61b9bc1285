/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kernel settings are written through a mount of procfs that this process made itself and holds by fd: a
 * tree of the container can never stand in for it. */

/* Writes @value to the file @path beneath @proc_fd; links only inside of it, no other mount on the way.
 * -EXDEV, -ELOOP: not the file that was meant. */
int procfs_write(int proc_fd, const char *path, const char *value);

/* Sets the sysctl @key, with dots or slashes between its words. -EINVAL: not a key. */
int procfs_write_sysctl(int proc_fd, const char *key, const char *value);
