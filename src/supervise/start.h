/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "proto/message.h"
#include "spec/runtime-spec.h"
#include "spec/system-mode.h"
#include "runtime/notify.h"

#define START_PASSED_MAX 64

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
        char *log_tag, **log_labels; /* labels: "FIELD=text" */
        int passed[START_PASSED_MAX]; /* descriptors for the payload, and their numbers there */
        unsigned passed_as[START_PASSED_MAX];
        size_t n_passed, n_listen; /* the first n_listen are for sd_listen_fds(3) */
        NotifyFrom notify_from;
        int notify_fd; /* leads to the NOTIFY_SOCKET of the client; -EBADF: it does not care */
        int stop_signal;
        uint64_t stop_timeout_usec;
        uint64_t run_timeout_usec; /* 0: none */
} Start;

void start_init(Start *s);
void start_done(Start *s);
/* The tree is free for others. */
void start_unlock(Start *s);

/* Takes over the fds of the message, reads the specification and lets TTY have its say in it. */
int start_read(Message *m, Start *ret, Failure *reterr);

/* Reads the specification that the message has. */
int start_read_spec(Message *m, RuntimeSpec **ret, Failure *reterr);

/* Takes the descriptors for the command, and their numbers there. */
int start_take_passed(Message *m, int fds[START_PASSED_MAX], unsigned as[START_PASSED_MAX], size_t *n_passed,
                      Failure *reterr);

/* Closes and frees what is of no use once the payload executes. */
void start_forget(Start *s);
