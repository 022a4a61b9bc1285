/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "basic/failure.h"

/* What `run` and `exec` do in the foreground: the process's terminal is joined with ours, signals are passed
 * on to it, and its exit status becomes ours. */

typedef struct RelayOptions {
        pid_t pid; /* a child of ours */
        int pidfd;
        int master_fd; /* of its terminal; -EBADF: it has our streams */
        bool reap;     /* whoever else becomes our child is reaped */
        int watch_fd; /* on_watched() is called whenever it can be read; -EBADF: nothing is watched. Negative
                         results end that */
        int (*on_watched)(void *userdata);
        void *userdata;
} RelayOptions;

/* Blocks all signals, so that none is lost until relay_run() takes them, and with @reap becomes the parent
 * of orphans. To be called before the process starts. */
int relay_prepare(bool reap);

/* Lasts until the process has ended. *@ret_status is what we are to exit with: its status, or 128 and the
 * number of the signal that killed it. Our terminal is as it was then. Descriptors are borrowed. */
int relay_run(const RelayOptions *options, int *ret_status, Failure *f);
