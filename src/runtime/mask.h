/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Hides and protects paths of the kernel's file systems. Paths beneath /proc and /sys are looked up in
 * mounts that the caller made itself; other paths inside the root. Absent paths are fine. */
typedef struct MaskContext {
        int root_fd;
        int proc_fd, sys_fd; /* mounts attached on /proc and /sys; -EBADF: the root has none of our own */
        int null_fd;         /* what hidden files become; -EBADF: null in */
        int dev_fd;          /* the container's /dev */
        int empty_fd;        /* made when first needed: an empty read-only directory */
} MaskContext;

int mask_path(MaskContext *c, const char *path, Failure *reterr);
int mask_read_only(MaskContext *c, const char *path, Failure *reterr);
void mask_done(MaskContext *c);
