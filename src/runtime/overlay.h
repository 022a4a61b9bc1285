/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"

/* Overlays of directories that are held open. */

#define OVERLAY_LAYERS_MAX 500 /* OVL_MAX_STACK of the kernel */

/* Detached copies of the lower directories, from the base. They must stay open until the overlay exists. */
typedef struct OverlayStack {
        int *fds;
        size_t n;
} OverlayStack;

void overlay_stack_done(OverlayStack *s);
/* Takes over @fd. */
int overlay_stack_push(OverlayStack *s, int fd);
/* The trees X/tree beneath @layers_fd of all @layers X, each mapped by @userns_fd unless that is -EBADF. */
int overlay_stack_push_layers(OverlayStack *s, int layers_fd, char *const *layers, int userns_fd,
                              Failure *reterr);
/* An empty directory. */
int overlay_stack_push_empty(OverlayStack *s, Failure *reterr);

/* Where changes go. */
typedef struct OverlayUpper {
        int parent_fd;            /* a directory with the directories "upper" and "work"; or -EBADF, and: */
        bool parent_is_mount;   /* the parent is a mount that is ours alone */
        const char *upper, *work; /* directories of the host */
        int upper_fd, work_fd;    /* both of them, open */
} OverlayUpper;

/* The merge as a detached mount. @upper is NULL for one without changes. @subpath: only what lies there; may
 * be NULL.
 *
 * Kernels before 6.15 merge only layers that are mounted somewhere: there this process visits a mount
 * namespace of its own, which follows the host's. @path_names forces that way; it is for tests. */
int overlay_mount(const OverlayStack *s, const OverlayUpper *upper, const char *subpath, bool path_names,
                  int *ret_fd, Failure *reterr);
