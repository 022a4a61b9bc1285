/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "proto/message.h"
#include "spec/runtime-spec.h"
#include "spec/system-mode.h"

/* MESSAGE_SUPERVISE_START, unpacked. */
typedef struct Start {
        char *id, *name, *image; /* image may be NULL */
        char **layers;
        RuntimeSpec *spec;
        int layers_fd, rootfs_fd, runtime_fd, listen_fd, seccomp_fd, session_fd;
        int tree_fd;     /* the root, where that is no image */
        int lock_fds[2]; /* held while the tree is in use */
        bool overlay;    /* the tree stays as it is */
        VolatileMode volatile_mode;
        bool system; /* the payload is an init system */
        bool tty;    /* its terminal is the client\'s, rather than only a console */
        int stdio[3];
        bool journal;
        bool interactive; /* standard input stays open, also while nobody is attached */
        int stop_signal;
        uint64_t stop_timeout_usec;
} Start;

void start_init(Start *s);
void start_done(Start *s);
/* The tree is free for others. */
void start_unlock(Start *s);

/* Takes over the fds of the message, reads the specification and lets UID_BASE and TTY have their say in it.
 */
int start_read(Message *m, Start *ret, Failure *reterr);

/* Reads the specification that the message has. */
int start_read_spec(Message *m, RuntimeSpec **ret, Failure *reterr);

/* Closes and frees what is of no use once the payload executes. */
void start_forget(Start *s);
